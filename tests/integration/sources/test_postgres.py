"""What a data source promises, against a real PostgreSQL."""

import csv
import datetime as dt
import io
import threading
from decimal import Decimal

import psycopg2
import pyarrow as pa
import pytest

from broadsheet.errors import Cancelled, QueryFailed, QueryNotReadOnly, QueryTimedOut, ResultTooLarge, SourceUnavailable
from broadsheet.sources.base import SourceUrl
from broadsheet.sources.columns import api_type
from broadsheet.sources.postgres import PostgresSource

SLOW = "select n, pg_sleep(0.01) from series"


def fetch(source, sql, **options):
    with source.snapshot() as snapshot:
        return snapshot.fetch(sql, **options).table


def copy(source, sql) -> bytes:
    out = io.BytesIO()
    with source.snapshot() as snapshot:
        snapshot.copy_csv(sql, out.write)
    return out.getvalue()


def test_every_type_of_postgresql_has_a_type_of_the_api(source):
    table = fetch(
        source,
        """select 1::int2 as integer, 1.5::float8 as number, 1.10::numeric(10,2) as numeric, 'x' as text, true as boolean,
                  date '2020-01-01' as date, timestamptz '2020-01-01 00:00+02' as timestamp, '{"a":1}'::jsonb as json""",
    )
    assert [api_type(field) for field in table.schema] == table.column_names
    assert table.column("numeric").to_pylist() == [Decimal("1.10")]


def test_a_type_without_a_word_in_the_api_is_the_databases_own_text(source):
    sql = """select interval '1 mon 2 days' as a, int2vector '1 2' as b, '\\x00ff'::bytea as c, 'bad'::mood as d, '10.0.0.0/8'::cidr as e,
                    1.5::money as f, row(1,'x') as g, time '01:02' as h, 4294967295::oid as i, numrange(1,2) as "j""j", 7 as a"""
    values = [column[0].as_py() for column in fetch(source, sql).columns]
    expected = ["1 mon 2 days", "1 2", "\\x00ff", "bad", "10.0.0.0/8", "$1.50", "(1,x)", "01:02:00", "4294967295", "[1,2)", 7]
    assert values == expected
    [_, row] = csv.reader(io.StringIO(copy(source, sql).decode()))
    assert row == [str(value) for value in expected]


def test_arrays_are_json_with_every_digit_dimension_and_zone(source):
    sql = """select array[1, null] as integers, array['a"b', '{'] as texts, array[1.10::numeric] as numerics, array[[1,2],[3,4]] as square,
                    array[timestamptz '2020-01-01 00:00Z'] as moments, '{}'::int[] as none, null::int[] as unknown, 1 as one"""
    with source.snapshot(time_zone="Asia/Tokyo") as snapshot:
        table = snapshot.fetch(sql).table
    assert [api_type(field) for field in table.schema] == ["array"] * 7 + ["integer"]
    assert [column[0].as_py() for column in table.columns] == [
        *("[1,null]", '["a\\"b","{"]', "[1.10]", "[[1,2],[3,4]]", '["2020-01-01T09:00:00+09:00"]', "[]", None, 1)
    ]


def test_what_no_calendar_of_a_format_can_say_is_null(source):
    table = fetch(
        source,
        """select 'infinity'::date as a, '-infinity'::timestamptz as b, date '40000-01-01' as c, date '0044-03-15 BC' as d,
                  date '9999-12-31' as e, timestamp '0001-01-01' as f""",
    )
    assert [column[0].is_valid for column in table.columns] == [False, False, False, False, True, True]


def test_a_limit_is_pushed_down_and_says_that_there_was_more(source):
    with source.snapshot() as snapshot:
        cut = snapshot.fetch("select n from series order by n desc -- newest first", limit=3)
        whole = snapshot.fetch("select n from series where n <= 3;", limit=3)
    assert (cut.table.column("n").to_pylist(), cut.truncated) == ([50000, 49999, 49998], True)
    assert (whole.table.num_rows, whole.truncated) == (3, False)


def test_csv_is_what_copy_writes_and_counts_its_rows(source):
    out = io.BytesIO()
    with source.snapshot() as snapshot:
        assert snapshot.copy_csv("select n, name from series order by n", out.write) == 50000
    lines = out.getvalue().splitlines()
    assert (lines[0], lines[1], len(lines)) == (b"n,name", b"1,row 1", 50001)


def test_arrow_and_csv_read_one_snapshot_whichever_comes_first(source, source_url):
    with psycopg2.connect(source_url) as writer, writer.cursor() as cursor:
        cursor.execute("create table if not exists ticks (n int)")
    count = "select count(*) as n from ticks"
    for first in ("arrow", "csv"):
        with source.snapshot() as snapshot:
            out = io.BytesIO()
            before = snapshot.fetch(count).table["n"][0].as_py() if first == "arrow" else snapshot.copy_csv(count, out.write)
            with psycopg2.connect(source_url) as writer, writer.cursor() as cursor:
                cursor.execute("insert into ticks values (1)")
            if first == "arrow":
                snapshot.copy_csv(count, out.write)
                assert out.getvalue() == b"n\n%d\n" % before
            else:
                assert snapshot.fetch(count).table["n"][0].as_py() == int(out.getvalue().split()[1])
    writer.close()


def test_as_of_is_aware_never_later_than_the_snapshot_and_the_same_for_all_of_it(source):
    with source.snapshot() as snapshot:
        assert snapshot.as_of.tzinfo is not None
        began = snapshot.fetch("select now() as n").table["n"][0].as_py()
        assert dt.timedelta() <= began - snapshot.as_of < dt.timedelta(seconds=1)
        before = snapshot.as_of
        snapshot.copy_csv("select 1", lambda piece: None)
        assert snapshot.as_of == before


def test_days_begin_in_the_time_zone_of_the_reader(source):
    with source.snapshot(time_zone="America/New_York") as snapshot:
        table = snapshot.fetch("select (timestamptz '2020-01-02 03:00Z')::date::text as d").table
    assert table["d"][0].as_py() == "2020-01-01"


@pytest.mark.parametrize("read", [fetch, copy])
@pytest.mark.parametrize(
    "sql",
    [
        "delete from series",
        "with gone as (delete from series returning n) select * from gone",
        "create table x (n int)",
        "select nextval('tickets')",
    ],
)
def test_a_query_that_writes_is_refused(source, read, sql):
    with pytest.raises(QueryNotReadOnly):
        read(source, sql)


@pytest.mark.parametrize("read", [fetch, copy])
@pytest.mark.parametrize(
    "sql",
    [
        "select 1; delete from series",
        "select 1) to stdout; delete from series; copy (select 1",
        "select set_config('transaction_read_only', 'off', false)",
    ],
)
def test_a_query_cannot_leave_its_read_only_transaction(source, read, sql):
    with pytest.raises(QueryFailed):
        read(source, sql)
    assert fetch(source, "select count(*) as n from series")["n"][0].as_py() == 50000


def test_a_string_that_looks_like_statements_is_a_string(source):
    sql = "select E'a'\n'\\'' || ') to stdout; delete from series; copy (select ''x' as text"
    assert fetch(source, sql)["text"].to_pylist() == ["a') to stdout; delete from series; copy (select 'x"]
    assert copy(source, sql) == b"text\na') to stdout; delete from series; copy (select 'x\n"


@pytest.mark.parametrize("read", [fetch, copy])
def test_a_mistake_in_a_query_has_its_line_and_column(source, read):
    with pytest.raises(QueryFailed, match='column "nosuch" does not exist') as refused:
        read(source, "select n,\n       nosuch\nfrom series")
    assert (refused.value.errors[0].line, refused.value.errors[0].column) == (2, 8)


@pytest.mark.parametrize("read", [fetch, copy])
def test_a_query_that_takes_too_long_is_stopped(source_url, read):
    source = PostgresSource(SourceUrl(source_url, statement_timeout_seconds=0.2))
    with pytest.raises(QueryTimedOut):
        read(source, SLOW)
    source.close()


def test_a_query_cannot_lift_the_timeout_for_the_next(source_url):
    source = PostgresSource(SourceUrl(source_url, statement_timeout_seconds=0.2))
    with source.snapshot() as snapshot:
        snapshot.fetch("select set_config('statement_timeout', '0', false)")
        with pytest.raises(QueryTimedOut):
            snapshot.fetch(SLOW)
    source.close()


@pytest.mark.parametrize("read", ["arrow", "csv"])
def test_cancelling_from_another_thread_stops_the_query_on_the_server(source, source_url, read):
    watcher = psycopg2.connect(source_url)
    watcher.autocommit = True
    marker = f"/* {read} to cancel */"
    with source.snapshot() as snapshot:

        def cancel_once_it_runs() -> None:
            deadline = threading.Event()
            with watcher.cursor() as cursor:
                while not deadline.wait(0.02):
                    cursor.execute(
                        "select from pg_stat_activity where state = 'active' and query like %s and pid <> pg_backend_pid()",
                        (f"%{marker}%pg_sleep(30)%",),
                    )
                    if cursor.rowcount:
                        snapshot.cancel()
                        return

        thread = threading.Thread(target=cancel_once_it_runs, daemon=True)
        thread.start()
        sql = f"select {marker} pg_sleep(30)"
        with pytest.raises(Cancelled):
            snapshot.fetch(sql) if read == "arrow" else snapshot.copy_csv(sql, lambda piece: None)
        thread.join(10)
        with pytest.raises(Cancelled):
            snapshot.fetch("select 1")
    with watcher.cursor() as cursor:
        cursor.execute(
            "select from pg_stat_activity where state = 'active' and query like %s and pid <> pg_backend_pid()", (f"%{marker}%",)
        )
        assert cursor.rowcount == 0
    watcher.close()


def test_what_the_receiver_raises_is_what_the_caller_sees(source):
    def full(piece: bytes) -> None:
        raise OSError(28, "No space left on device")

    with source.snapshot() as snapshot, pytest.raises(OSError, match="No space left"):
        snapshot.copy_csv("select * from series", full)


def test_a_result_over_the_byte_limit_is_refused_with_what_to_do(source):
    with pytest.raises(ResultTooLarge, match=r"more than 1 MiB.*fewer rows or columns"):
        fetch(source, "select repeat('x', 1000) from series", max_bytes=2**20)


def test_wide_rows_are_refused_before_they_fill_the_memory(source):
    wide = "select repeat('x', 2000000) as x from series"
    before = pa.total_allocated_bytes()
    with source.snapshot() as snapshot, pytest.raises(ResultTooLarge):
        snapshot.fetch(wide, max_bytes=8 * 2**20)
    assert pa.total_allocated_bytes() - before < 32 * 2**20
    with source.snapshot() as snapshot:
        assert next(iter(snapshot.batches(wide))).nbytes < 16 * 2**20


def test_the_schema_is_known_before_the_first_batch_and_memory_stays_bounded(source):
    with source.snapshot() as snapshot:
        stream = snapshot.batches("select n, repeat('x', 1000) as filler from series")
        assert stream.schema.names == ["n", "filler"]
        sizes = [(batch.num_rows, batch.nbytes) for batch in stream]
    assert sum(rows for rows, _ in sizes) == 50000
    assert max(size for _, size in sizes) < 16_000_000


def test_a_connection_that_died_while_idle_is_replaced(source, source_url):
    fetch(source, "select 1 as x")
    with psycopg2.connect(source_url) as admin, admin.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'broadsheet'")
    admin.close()
    assert fetch(source, "select 1 as x")["x"][0].as_py() == 1


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:geheim@127.0.0.1:1/x", "postgresql://u:geheim@127.0.0.1:99999999/x", "host=127.0.0.1 password=geheim port"],
)
def test_a_source_that_cannot_be_reached_says_so_without_its_password(url):
    source = PostgresSource(SourceUrl(url))
    for read in (fetch, copy):
        with pytest.raises(SourceUnavailable) as refused:
            read(source, "select 1")
        assert "geheim" not in str(refused.value)
    assert "geheim" not in repr(source.config)


def test_a_wrong_database_is_unavailable_not_a_mistake_of_the_query(source_url):
    with pytest.raises(SourceUnavailable, match="does not exist"):
        fetch(PostgresSource(SourceUrl(source_url.replace("/numbers", "/nosuch"))), "select 1")
