"""The pytest plugin: when the statements of a test run are judged, and on what.

``test_statements`` runs last, over what all tests before it made the services ask. It starts nothing by itself: it judges only if a test
that was selected needs the system. Indexes are called unused only after the whole of the tests that ask (the fixture ``whole_suite``).
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection

from broadsheet import provisioning
from broadsheet.local.stack import Stack
from broadsheet.schemas import SCHEMAS
from tests.indexing import volumes
from tests.indexing.collecting import Shape, by_shape, issued
from tests.indexing.findings import Finding, report
from tests.indexing.plans import Judge
from tests.indexing.repeats import repeated
from tests.support.system import System

DATABASE = "broadsheet_volume"
_TESTS = Path(__file__).parents[1]
_LAST = Path(__file__).with_name("test_statements.py")
_FOLDERS = ("integration", "faults", "e2e")


@dataclass
class _Selection:
    """What of the tests was selected."""

    starts_system: bool = False
    is_whole: bool = False
    was_narrowed: bool = False
    #: Tests that had failed when the statements were collected.
    failed: int = 0


_SELECTION = pytest.StashKey[_Selection]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_SELECTION] = _Selection()


def pytest_deselected(items: list[pytest.Item]) -> None:
    if items:
        items[0].config.stash[_SELECTION].was_narrowed = True


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    last = [item for item in items if item.path == _LAST]
    others = [item for item in items if item.path != _LAST]
    items[:] = others + last
    selection = config.stash[_SELECTION]
    selection.starts_system = any("system" in getattr(item, "fixturenames", ()) for item in others)
    files = {item.path for item in others}
    all_files = (file for folder in _FOLDERS for file in (_TESTS / folder).rglob("test_*.py"))
    chosen_by_name = any("::" in argument for argument in config.args)
    selection.is_whole = not selection.was_narrowed and not chosen_by_name and all(file in files for file in all_files)


def connect(stack: Stack, database: str) -> Connection:
    """The superuser's connection to a database on the primary, in autocommit."""
    endpoints = stack.endpoints
    connection = psycopg2.connect(
        host=endpoints.host,
        port=endpoints.primary_port,
        user=endpoints.superuser,
        password=endpoints.superuser_password,
        dbname=database,
        connect_timeout=5,
    )
    connection.autocommit = True
    return connection


@dataclass(frozen=True)
class Judged:
    """One shape and everything wrong with it, exempt or not."""

    shape: Shape
    findings: list[Finding]


@dataclass(frozen=True)
class Verdict:
    """Every shape that was issued; the indexes that plans use."""

    statements: list[Judged]
    used: set[str]


def verdict_on(shapes: list[Shape], judge: Judge) -> Verdict:
    """Judge them all."""
    return Verdict([Judged(shape, judge.judge(shape) + repeated(shape)) for shape in shapes], judge.used)


@pytest.fixture(scope="session")
def asked(request: pytest.FixtureRequest) -> list[Shape]:
    """Every statement that the services have issued so far, by shape."""
    if not request.config.stash[_SELECTION].starts_system:
        pytest.skip("no test that asks the services was selected")
    request.config.stash[_SELECTION].failed = request.session.testsfailed
    system: System = request.getfixturevalue("system")
    return by_shape(issued(system.stack, provisioning.DATABASE))


@pytest.fixture(scope="session")
def volume(asked: list[Shape], stack: Stack) -> Iterator[Connection]:
    """A database as the services' own, its tables as large as they get. Read it, don't change it."""
    provisioning.provision(stack.endpoints.admin_url, stack.secrets.roles, database=DATABASE)
    try:
        with closing(connect(stack, DATABASE)) as connection:
            with connection.cursor() as cursor:
                if missing := volumes.undeclared(cursor):
                    pytest.fail(report(missing))
            volumes.seed(lambda: connect(stack, DATABASE))
            yield connection
    finally:
        with closing(connect(stack, "postgres")) as connection, connection.cursor() as cursor:
            cursor.execute(f"drop database {DATABASE} (force)")


@pytest.fixture(scope="session")
def verdict(asked: list[Shape], volume: Connection) -> Verdict:
    """All statements, judged."""
    with volume.cursor() as cursor:
        return verdict_on(asked, Judge(cursor, list(SCHEMAS)))


@pytest.fixture
def whole_suite(request: pytest.FixtureRequest, asked: list[Shape]) -> None:
    """Skips unless everything that asks the services ran, and passed: else something is missing in what was asked."""
    selection = request.config.stash[_SELECTION]
    if not selection.is_whole:
        pytest.skip("only a part of the tests was selected")
    if selection.failed:
        pytest.skip("tests failed before they asked everything")


def reasons_to_keep() -> dict[str, str]:
    """Why an index is kept that no statement of the tests uses, from the models."""
    metadatas = [import_module(f"{package}.models").metadata for package in SCHEMAS.values()]
    return {
        f"{table.schema}.{index.name}": index.info["unused"]
        for metadata in metadatas
        for table in metadata.tables.values()
        for index in table.indexes
        if "unused" in index.info
    }
