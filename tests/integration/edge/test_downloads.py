"""The files of a run: that they open, say what the data say, and can be had in parts."""

import csv
import hashlib
import io
import re
from datetime import date

import openpyxl
import pypdf
import pytest

from tests.support.api import Answer
from tests.support.database import rows
from tests.support.problems import assert_problem
from tests.support.system import Member, System
from tests.support.texts import one_query
from tests.support.workplace import PUNCTUALITY, Json, add_report, download, make

HAWAIIAN = "select year, month, day, dep_delay, carrier, time_hour from flights where carrier = 'HA' order by time_hour"


@pytest.fixture(scope="module")
def made(reader: Member) -> Json:
    """One run of a report about Hawaiian Airlines' flights, in every format."""
    report = add_report(
        reader,
        one_query(
            HAWAIIAN, title="Flüge nach Hawaii", more='\n```metric {data=numbers value=dep_delay agg=count label="Left"}\n```\n'
        ),
    )
    return make(reader, report, "csv", "xlsx", "html", "pdf")


@pytest.fixture(scope="module")
def flights(system: System) -> int:
    [(count,)] = rows(system.stack, "select count(*) from flights where carrier = 'HA'", database="flights")
    return int(count)


def _all_of(member: Member, run: Json, format: str) -> Answer:
    answer = download(member.api, run, format)
    assert answer.status == 200
    return answer


class TestFormats:
    def test_every_file_is_as_large_and_as_it_was_said(self, reader: Member, made: Json) -> None:
        assert {artifact["format"] for artifact in made["artifacts"]} == {"csv", "xlsx", "html", "pdf"}
        for artifact in made["artifacts"]:
            answer = reader.api.get(artifact["url"])
            assert len(answer.body) == artifact["size_bytes"] == int(answer.headers["content-length"])
            assert hashlib.sha256(answer.body).hexdigest() == artifact["sha256"]
            assert answer.headers["content-type"].partition(";")[0] == artifact["media_type"].partition(";")[0]

    def test_the_csv_has_every_row(self, reader: Member, made: Json, flights: int) -> None:
        found = list(csv.reader(io.StringIO(_all_of(reader, made, "csv").body.decode())))
        assert found[0] == ["year", "month", "day", "dep_delay", "carrier", "time_hour"]
        assert len(found) == flights + 1
        assert next(a["row_count"] for a in made["artifacts"] if a["format"] == "csv") == flights

    def test_the_workbook_has_every_row_with_its_type(self, reader: Member, made: Json, flights: int) -> None:
        workbook = openpyxl.load_workbook(io.BytesIO(_all_of(reader, made, "xlsx").body))
        cells = list(workbook.worksheets[-1].iter_rows(values_only=True))
        assert len(cells) >= flights + 1
        [first] = [row for row in cells if row[0] == 2013][:1]
        assert (first[1], first[2], first[4]) == (1, 1, "HA")

    def test_the_page_stands_alone(self, reader: Member, made: Json) -> None:
        page = _all_of(reader, made, "html").body.decode()
        assert "Flüge nach Hawaii" in page
        assert re.findall(r'(?:src|href)="https?://', page) == []

    def test_the_pdf_opens_and_says_what_it_is_about(self, reader: Member, made: Json) -> None:
        document = pypdf.PdfReader(io.BytesIO(_all_of(reader, made, "pdf").body))
        assert "Flüge nach Hawaii" in document.pages[0].extract_text()

    def test_the_streamed_csv_is_the_rendered_one(self, reader: Member, made: Json) -> None:
        alone = make(reader, {"id": made["report_id"]}, "csv")
        streamed = list(csv.reader(io.StringIO(_all_of(reader, alone, "csv").body.decode())))
        rendered = list(csv.reader(io.StringIO(_all_of(reader, made, "csv").body.decode())))
        assert [row[:5] for row in streamed] == [row[:5] for row in rendered]

    def test_a_run_is_of_the_chosen_parameters(self, reader: Member) -> None:
        report = add_report(reader, PUNCTUALITY)
        run = make(reader, report, "csv", query="summary", params={"carrier": "HA", "since": "2013-01-01"})
        [row] = csv.DictReader(io.StringIO(_all_of(reader, run, "csv").body.decode()))
        assert (row["carrier"], row["flights"]) == ("HA", "342")

    def test_an_empty_result_is_a_file_with_a_header(self, reader: Member) -> None:
        run = make(reader, add_report(reader, sql="select carrier, name from airlines where false"), "csv", "xlsx")
        assert _all_of(reader, run, "csv").body.split() == [b"carrier,name"]
        assert openpyxl.load_workbook(io.BytesIO(_all_of(reader, run, "xlsx").body)).worksheets

    def test_a_file_is_named_after_its_report(self, reader: Member, made: Json) -> None:
        name = _all_of(reader, made, "pdf").headers["content-disposition"]
        assert name == f"attachment; filename=fluge-nach-hawaii-{date.fromisoformat(made['requested_at'][:10])}.pdf"


class TestParts:
    def test_a_part_is_that_part(self, reader: Member, made: Json) -> None:
        whole = _all_of(reader, made, "csv")
        part = download(reader.api, made, "csv", Range="bytes=10-19")
        assert (part.status, part.body) == (206, whole.body[10:20])
        assert part.headers["content-range"] == f"bytes 10-19/{len(whole.body)}"
        assert part.headers["content-length"] == "10"

    @pytest.mark.parametrize(
        ("wanted", "cut"), [("bytes=100-", slice(100, None)), ("bytes=-7", slice(-7, None)), ("bytes=0-99999999", slice(None))]
    )
    def test_a_part_may_be_open_on_one_side(self, reader: Member, made: Json, wanted: str, cut: slice) -> None:
        assert download(reader.api, made, "csv", Range=wanted).body == _all_of(reader, made, "csv").body[cut]

    def test_a_part_beyond_the_end_is_told_with_the_size(self, reader: Member, made: Json) -> None:
        size = len(_all_of(reader, made, "csv").body)
        answer = download(reader.api, made, "csv", Range=f"bytes={size}-")
        assert_problem(answer, 416, "range_not_satisfiable")
        assert answer.headers["content-range"] == f"bytes */{size}"

    @pytest.mark.parametrize("wanted", ["bytes=a-b", "lines=1-2", "bytes=0-1,4-5", "", "bytes=" + "9" * 5000 + "-"])
    def test_what_is_no_part_of_ours_gives_the_whole(self, reader: Member, made: Json, wanted: str) -> None:
        assert download(reader.api, made, "csv", Range=wanted).status == 200

    def test_a_part_of_the_same_file_goes_on_and_of_another_starts_anew(self, reader: Member, made: Json) -> None:
        etag = _all_of(reader, made, "csv").headers["etag"]
        assert download(reader.api, made, "csv", Range="bytes=0-1", If_Range=etag).status == 206
        assert download(reader.api, made, "csv", Range="bytes=0-1", If_Range='"another"').status == 200

    def test_whoever_has_the_file_is_told_that_it_still_holds(self, reader: Member, made: Json) -> None:
        etag = _all_of(reader, made, "csv").headers["etag"]
        again = download(reader.api, made, "csv", If_None_Match=etag)
        assert (again.status, again.body) == (304, b"")

    def test_a_head_tells_everything_but_the_bytes(self, reader: Member, made: Json) -> None:
        url = made["artifacts"][0]["url"]
        head, whole = reader.api.call("HEAD", url), reader.api.get(url)
        assert (head.status, head.body) == (200, b"")
        assert {**head.headers, "date": "", "x-request-id": ""} == {**whole.headers, "date": "", "x-request-id": ""}

    @pytest.mark.parametrize("name", ["nothing.csv", "..%2F..%2Fsecret", "%00", "rows%2Fnumbers.parquet"])
    def test_a_file_that_is_not_there_is_not_found(self, reader: Member, made: Json, name: str) -> None:
        assert_problem(reader.api.get(f"/runs/{made['id']}/artifacts/{name}"), 404, "not_found")
