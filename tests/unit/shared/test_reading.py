"""A report as one person reads it."""

import pytest

from broadsheet.contracts.base import Principal, Role
from broadsheet.documents import parser
from broadsheet.errors import FieldError, QueryFailed, QueryTimedOut
from broadsheet.reading import Reading, read
from broadsheet.sources.statements import mistake

TEXT = """---
title: Lines
source: flights
params:
  name: {type: text, default: "a\\nb"}
---

Words.

```sql rows
select 1,
       :name, nosuch
from flights
```

```table {data=rows}
```
"""


@pytest.fixture
def reading() -> Reading:
    principal = Principal(organization_id="o", user_id="u", role=Role.AUTHOR)
    return read(parser.parse(TEXT), {}, principal, from_query_string=True)


def failed_at(reading: Reading, offset: int) -> FieldError:
    with pytest.raises(QueryFailed) as refused, reading.mistakes_in_report("rows"):
        raise mistake(reading.query_sql("rows"), offset, "No.", hint="Look.")
    return refused.value.errors[0]


def test_a_mistake_in_a_query_has_its_line_and_column_in_the_report(reading):
    found = failed_at(reading, reading.query_sql("rows").index("from"))
    assert (found.line, found.column, found.hint) == (TEXT[: TEXT.index("from flights")].count("\n") + 1, 1, "Look.")


def test_a_column_behind_a_value_is_left_out_and_the_line_is_right(reading):
    found = failed_at(reading, reading.query_sql("rows").index("nosuch"))
    assert (found.line, found.column) == (TEXT[: TEXT.index("nosuch")].count("\n") + 1, None)
    before = failed_at(reading, reading.query_sql("rows").index("(E'"))
    assert (before.line, before.column) == (found.line, 8)


def test_an_error_without_a_place_stays_as_it_is(reading):
    with pytest.raises(QueryTimedOut, match="too long") as refused, reading.mistakes_in_report("rows"):
        raise QueryTimedOut("It took too long.", errors=(FieldError("", "It took too long."),))
    assert refused.value.errors[0].line is None
