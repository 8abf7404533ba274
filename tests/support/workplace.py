"""What a person does at the API, with the answer as it came: a data source of the flights sample, reports, runs, downloads."""

from typing import Any

from sqlalchemy.engine import make_url

from broadsheet.contracts.base import Role
from tests.support.api import Answer, Api
from tests.support.system import ROOT, Member, System
from tests.support.texts import one_query
from tests.support.waiting import until

Json = dict[str, Any]

PUNCTUALITY = (ROOT / "examples" / "airline-punctuality.report.md").read_text(encoding="utf-8")
TERMINAL = ("succeeded", "failed", "cancelled")


def source_order(system: System, **changes: Any) -> Json:
    """The body that makes the data source ``flights``, reading the primary of the sample."""
    assert system.sample is not None
    url = make_url(system.sample.primary_url)
    order = {"name": "flights", "host": url.host, "port": url.port, "database": url.database, "user": url.username}
    return order | {"password": url.password} | changes


def replica_address(system: System) -> str:
    """``host:port`` of the sample's replica."""
    assert system.sample is not None
    url = make_url(system.sample.replica_url)
    return f"{url.host}:{url.port}"


def add_source(system: System, admin: Member, **changes: Any) -> Json:
    """The data source ``flights`` of the admin's organization."""
    answer = admin.api.post("/data-sources", source_order(system, **changes))
    assert answer.status == 201, answer.body
    made: Json = answer.json
    return made


def workplace(system: System, **source: Any) -> Member:
    """The admin of a new organization that can read the flights."""
    admin = system.organization()
    add_source(system, admin, **source)
    return admin


def viewer_of(system: System, admin: Member) -> Member:
    """A viewer of the admin's organization."""
    return system.member(admin, Role.VIEWER)


def add_report(author: Member, text: str | None = None, **parts: Any) -> Json:
    """A new report, from ``text`` or the parts of :func:`one_query`."""
    answer = author.api.post("/reports", one_query(**parts) if text is None else text)
    assert answer.status == 201, answer.body
    made: Json = answer.json
    return made


def data(member: Member, report: Json, query: str = "numbers", arguments: str = "", **headers: str) -> Answer:
    """A query's result; ``arguments`` is a query string."""
    return member.api.get(f"/reports/{report['id']}/queries/{query}/data?{arguments}", **headers)


def order_run(member: Member, report: Json, *formats: str, key: str | None = None, **body: Any) -> Json:
    """A run that was accepted."""
    headers = {"Idempotency-Key": key} if key else {}
    answer = member.api.post(f"/reports/{report['id']}/runs", {"formats": list(formats) or ["csv"], **body}, **headers)
    assert answer.status == 202, answer.body
    run: Json = answer.json
    return run


def run_in(api: Api, run_id: str, *states: str, within_seconds: float = 60.0) -> Json:
    """The run, once it is in one of ``states``; fails at once when it ends in another."""

    def look() -> Json | None:
        run: Json = api.get(f"/runs/{run_id}").json
        assert run["state"] in states or run["state"] not in TERMINAL, run
        return run if run["state"] in states else None

    found = until(look, within_seconds=within_seconds, what=f"the run becoming {' or '.join(states)}")
    assert found is not None
    return found


def make(member: Member, report: Json, *formats: str, **body: Any) -> Json:
    """A run that was asked for and has succeeded."""
    return run_in(member.api, order_run(member, report, *formats, **body)["id"], "succeeded")


def download(api: Api, run: Json, format: str = "csv", **headers: str) -> Answer:
    """The run's file of a format."""
    url = next(artifact["url"] for artifact in run["artifacts"] if artifact["format"] == format)
    return api.get(url, **headers)
