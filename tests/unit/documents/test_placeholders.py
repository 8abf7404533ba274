import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.documents.placeholders import Kind, code_only, find, scan, substitute

SQLISH = st.text(alphabet=st.sampled_from(list("ab:'\"\\$-/*\n\r ;e1é.[]")), max_size=60) | st.text(max_size=60)
NAME = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
QUIET = st.sampled_from(
    ["'a :no '' b'", '":no"', "-- :no\n", "/* :no /* :no */ :no */", "$$ :no $$", "$t$ :no $$ $t$", r"E'\' :no'", "x::date", " a[1:n] ",
     r" \:no ", "E'a'\n  'b\\' :no'", " :: no ", "a$b$ "]
)  # fmt: skip


def names(sql):
    return [placeholder.name for placeholder in find(sql)]


def test_a_placeholder_is_found_where_it_stands():
    sql = "select *\nfrom flights where carrier = :carrier and day >= :since"
    assert [(found.name, sql[found.offset : found.offset + 3]) for found in find(sql)] == [("carrier", ":ca"), ("since", ":si")]


def test_a_cast_right_after_a_placeholder_is_not_part_of_it():
    assert names("select :since::date, :n ::int") == ["since", "n"]


def test_attributes_of_who_asks_are_found_with_their_prefix():
    found = find("where region = :user.region and org = :org.slug and x = :username")
    assert [(each.name, each.is_attribute) for each in found] == [("user.region", True), ("org.slug", True), ("username", False)]


@pytest.mark.parametrize(
    "sql",
    [
        "select ':no'",
        "select 'it''s :no'",
        'select ":no"',
        "select 1 -- :no",
        "select 1 -- :no\r",
        "/* :no /* nested :no */ still :no */ select 1",
        "select $$ :no $$",
        "select $tag$ :no $$ :no $tag$",
        "select $é$ :no $é$",
        "select 1$$ :no $$",
        r"select E'it\' :no'",
        "select E'a'\n -- comment\n 'b\\' :no'",
        "select x::date",
        "select a[1:n]",
        r"select \:no",
        "select ':no",
        "select /* :no",
        "select $$ :no",
        r"select e'\\\' :no",
        "select ':9', : 9, :9",
    ],
)
def test_what_looks_like_a_placeholder_to_a_person_but_not_to_a_database_is_left_alone(sql):
    assert names(sql) == []


@pytest.mark.parametrize(
    "sql",
    [
        "name':no' || :yes",
        "'a' 'b\\' || :yes",
        "a$b$ || :yes || $b$",
        "é$$ || :yes",
        "'\\' || :yes",
        "$1 || :yes",
        "x -- comment\n || :yes",
        "(:yes)",
        "array[:yes]",
    ],
)
def test_a_quote_ends_where_postgresql_ends_it(sql):
    assert names(sql) == ["yes"]


def test_substitution_changes_nothing_else():
    assert substitute("a = :a and b = ':a' -- :a", lambda name: f"%({name})s") == "a = %(a)s and b = ':a' -- :a"


def test_an_escaped_colon_becomes_a_colon():
    assert substitute(r"select '{}' #> \:x", lambda _: "?") == "select '{}' #> :x"


def test_percent_signs_of_the_query_can_be_doubled_for_a_driver():
    sql = substitute("a like '%x' and b % :n = 0", lambda name: f"%({name})s", lambda text: text.replace("%", "%%"))
    assert sql == "a like '%%x' and b %% %(n)s = 0"


@given(SQLISH)
def test_the_pieces_are_the_whole_text_in_order(sql):
    pieces = list(scan(sql))
    assert "".join(sql[piece.start : piece.end] for piece in pieces) == sql
    assert all(piece.start < piece.end for piece in pieces)
    assert len(code_only(sql)) == len(sql)


@given(SQLISH)
def test_putting_the_placeholders_back_gives_the_text(sql):
    literal = "".join(sql[piece.start : piece.end] for piece in scan(sql) if piece.kind is not Kind.ESCAPE)
    assert substitute(literal, lambda name: f":{name}") == substitute(literal, lambda name: f":{name}", str)
    if not any(piece.kind is Kind.ESCAPE for piece in scan(sql)):
        assert substitute(sql, lambda name: f":{name}") == sql


@given(st.lists(st.tuples(QUIET, NAME), max_size=6))
def test_every_placeholder_between_quiet_parts_is_found_and_no_other(parts):
    sql = "".join(f"{quiet} :{name} " for quiet, name in parts)
    assert names(sql) == [name for _, name in parts]
