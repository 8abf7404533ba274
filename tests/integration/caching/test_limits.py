"""What is not kept: results that are too large, and nothing of a credential that was revoked while its query ran."""

from concurrent.futures import ThreadPoolExecutor

from broadsheet.ids import new_id
from tests.support.api import Api
from tests.support.flights import closed_gate
from tests.support.reading import redis_of
from tests.support.system import Member, System
from tests.support.waiting import until
from tests.support.workplace import add_report, data, workplace

LIMIT_BYTES = 8 * 1024 * 1024


def test_a_result_larger_than_an_answer_may_be_is_right_and_not_kept(system: System, reader: Member) -> None:
    noise = "string_agg(encode(sha512(random()::text::bytea), 'base64'), '')"  # hardly gets smaller
    report = add_report(reader, sql=f"select {noise} as noise, '{new_id()}' as id from generate_series(1, 140000)")
    answer = data(reader, report)
    assert (answer.status, answer.headers["broadsheet-cache"], answer.json["row_count"]) == (200, "miss", 1)
    assert len(answer.body) > LIMIT_BYTES
    again = data(reader, report)
    assert (again.status, again.json["data"][1]) == (200, answer.json["data"][1])
    with redis_of(system) as redis:
        assert all(redis.strlen(key) <= LIMIT_BYTES + 64 for key in redis.scan_iter("bs:[ab]:*", count=1000))


def test_a_query_under_way_ends_well_when_its_token_is_revoked_and_the_next_is_refused(system: System) -> None:
    admin = workplace(system)
    made = admin.api.post("/tokens", {"name": "short-lived"}).json
    holder = Member.__new__(Member)
    holder.api = Api(system.url, made["token"])
    with closed_gate(system) as gate, ThreadPoolExecutor(1) as pool:
        report = add_report(admin, sql=f"{gate.sql} and '{new_id()}' is not null")
        reading = pool.submit(data, holder, report)
        gate.wait_for_query()
        assert admin.api.call("DELETE", f"/tokens/{made['id']}").status == 204
        until(lambda: holder.api.get("/me").status == 401, within_seconds=1, what="the token being refused")
        gate.open()
        assert reading.result(30).json["row_count"] == 1
    assert data(holder, report).status == 401
