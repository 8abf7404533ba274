"""The statements that were issued, with their real values, out of the PostgreSQL servers' own logs: nothing a service does gets past them.

Who asked is known by ``application_name``: services and jobs say ``broadsheet-…``, migrations and the tests themselves do not.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from broadsheet.local.stack import Stack
from tests.indexing.shapes import Exemption, call_in, exemptions_in, shape_and_comments

#: For the test run's servers, primary and replica: every statement goes to a file beside the data, as JSON.
LOG_EVERY_STATEMENT = {
    "log_statement": "all",
    "logging_collector": "on",
    "log_destination": "jsonlog,stderr",
    "log_directory": "../statements",
    "log_filename": "statements.log",
    "log_rotation_age": "0",
    "log_rotation_size": "0",
    "log_file_mode": "0644",
}
_LOGS = ("postgres/statements/statements.json", "postgres-replica/statements/statements.json")
_APPLICATION = "broadsheet-"
_MESSAGE = re.compile(r"(?:statement|execute [^:]*): (.*)", re.DOTALL)
_QUESTION = re.compile(
    r"\s*(?:/\*.*?\*/\s*)*\(*\s*(select|insert|update|delete|merge|with|values|table)\b", re.IGNORECASE | re.DOTALL
)
#: What else a client says: there is no plan for it. Anything that is in neither list stops the tests.
_NO_PLAN = re.compile(
    r"\s*(begin|commit|rollback|savepoint|release|set|reset|show|listen|unlisten|notify|discard|start|abort|end|deallocate)\b",
    re.IGNORECASE,
)
_EXAMPLES = 3


class Statement(NamedTuple):
    """One statement, as it was sent."""

    text: str
    role: str


@dataclass
class Shape:
    """All statements of one shape by one role."""

    text: str
    role: str
    exemptions: tuple[Exemption, ...]
    methods: set[str] = field(default_factory=set)
    #: The first few that differ.
    examples: list[str] = field(default_factory=list)
    #: How often each call issued it.
    by_call: Counter[tuple[str, str]] = field(default_factory=Counter)

    def is_exempt(self, kind: str) -> bool:
        return any(exemption.kind == kind for exemption in self.exemptions)


def issued(stack: Stack, database: str) -> Iterator[Statement]:
    """What Broadsheet's processes asked this database, on the primary and on the replica."""
    for log in _LOGS:
        yield from _read(stack.home.path / log, database)


def _read(log: Path, database: str) -> Iterator[Statement]:
    if not log.exists():
        return
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if f'"application_name":"{_APPLICATION}' not in line or not line.endswith("\n"):
                continue
            try:
                entry = json.loads(line)
            except json.JSONDecodeError:  # the server was killed while it wrote this line
                continue
            if entry.get("dbname") == database and (said := _MESSAGE.fullmatch(entry.get("message", ""))):
                yield Statement(said.group(1), entry["user"])


def by_shape(statements: Iterable[Statement]) -> list[Shape]:
    """Group them. Raises ``ValueError`` at a statement that can be neither explained nor left out."""
    found: dict[tuple[str, str, tuple[Exemption, ...]], Shape] = {}
    for text, role in statements:
        if _NO_PLAN.match(text):
            continue
        if not _QUESTION.match(text):
            raise ValueError(f"{role} issued a statement that has no plan and is not known to need none: {text[:200]}")
        asked, said = shape_and_comments(text)
        exempt = tuple(exemptions_in(said))
        key = (role, asked, exempt)
        one = found.setdefault(key, Shape(key[1], role, exempt))
        call = call_in(said)
        one.methods.add(call.get("method", role))
        if "call" in call:
            one.by_call[call.get("method", ""), call["call"]] += 1
        if len(one.examples) < _EXAMPLES:
            one.examples.append(text)
    return list(found.values())
