"""What a plan says in plain words, and the indexes that could help."""

from broadsheet.sources.indexes import Candidate, candidates
from broadsheet.sources.plans import node, work

FLIGHTS = ("public", "flights")


def scan(alias="flights", rows=27, kind="Seq Scan", table="flights", **more):
    return {
        "Node Type": kind,
        "Relation Name": table,
        "Schema": "public",
        "Alias": alias,
        "Plan Rows": rows,
        **{key.replace("_", " "): value for key, value in more.items()},
    }


def over(kind, *below, rows=27, **more):
    return {
        "Node Type": kind,
        "Plan Rows": rows,
        "Plans": list(below),
        **{key.replace("_", " "): value for key, value in more.items()},
    }


def words(plan, rows=336_776):
    return [hint.message for hint in work(node(plan), {FLIGHTS: rows})]


def columns(plan):
    return [candidate.columns for candidate in candidates(node(plan))]


def test_a_full_scan_says_what_it_reads_and_what_it_keeps():
    assert words(scan(Filter="(x = 1)")) == ["Reads all 336,776 rows of flights to keep about 27 (a full scan)."]
    assert words(scan(rows=336_776)) == ["Reads all 336,776 rows of flights."]


def test_a_small_table_is_not_worth_a_word():
    assert words(scan(Filter="(x = 1)"), rows=500) == []


def test_the_rows_of_parallel_workers_are_added_up():
    plan = over("Gather", scan(rows=100, Filter="(x = 1)"), rows=240, Workers_Planned=2)
    assert words(plan) == ["Reads all 336,776 rows of flights to keep about 240 (a full scan)."]


def test_a_large_sort_is_named_and_a_small_one_is_not():
    assert words(over("Sort", scan(kind="Index Scan", rows=300_000))) == ["Sorts about 300,000 rows."]
    assert words(over("Sort", scan(kind="Index Scan", rows=300))) == []


def test_columns_of_equality_come_before_a_range():
    found = columns(
        scan(Filter="((flights.day >= 5) AND (flights.carrier = 'AA'::text) AND ((flights.dest)::text = ANY ('{A,B}'::text[])))")
    )
    assert found == [("carrier", "dest"), ("carrier", "dest", "day")]


def test_the_order_comes_after_equality_when_all_of_it_is_of_one_table_and_direction():
    filtered = scan(Filter="(flights.carrier = 'AA'::text)")
    assert ("carrier", "day", "hour") in columns(over("Sort", filtered, Sort_Key=["flights.day DESC", "flights.hour DESC"]))
    assert columns(over("Sort", filtered, Sort_Key=["flights.day DESC", "flights.hour"])) == [("carrier",)]
    assert columns(over("Sort", filtered, Sort_Key=["lower(flights.day)"])) == [("carrier",)]


def test_columns_that_are_joined_are_candidates_on_both_sides():
    plan = over("Hash Join", scan("f", Filter="(f.day = 1)"), scan("p", table="planes"), Hash_Cond="(f.tailnum = p.tailnum)")
    assert candidates(node(plan)) == [
        Candidate(FLIGHTS, ("day",)),
        Candidate(FLIGHTS, ("day", "tailnum")),
        Candidate(FLIGHTS, ("tailnum",)),
        Candidate(("public", "planes"), ("tailnum",)),
    ]


def test_what_no_index_on_a_column_serves_is_no_candidate():
    for condition in (
        "(lower(flights.dest) = 'iah'::text)",
        "(flights.dest <> 'IAH'::text)",
        "((flights.a = 1) OR (flights.b = 2))",
    ):
        assert columns(scan(Filter=condition)) == []


def test_a_condition_that_cannot_be_read_is_passed_over():
    assert columns(scan(Filter="(flights.a = ((( ->> 'x'")) == []


def test_names_that_need_quotes_get_them():
    assert Candidate(("Sales", "order"), ("a b",)).statement == 'create index on "Sales"."order" ("a b")'
    assert Candidate(FLIGHTS, ("carrier",)).statement == "create index on flights (carrier)"
