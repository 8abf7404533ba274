"""What the services asked during the tests, judged on the tables of a large installation. Runs last.

The method: ``docs/explanation/fast-sql.md``.
"""

from psycopg2.extensions import connection as Connection

from broadsheet.contracts.accounts import Accounts
from broadsheet.contracts.catalog import Catalog
from broadsheet.contracts.notifications import Notifications
from broadsheet.contracts.runs import Runs
from broadsheet.rpc.signatures import methods, service_name
from broadsheet.schemas import SCHEMAS
from tests.indexing.findings import report
from tests.indexing.indexes import bare_foreign_keys, unused
from tests.indexing.plans import bad_exemptions, needed
from tests.indexing.plugin import Verdict, reasons_to_keep

#: Of the services that own a schema.
_CONTRACTS = (Accounts, Catalog, Runs, Notifications)
_ASK_NOTHING = {"catalog.check_report"}


def test_every_statement_is_fast_on_large_tables(verdict: Verdict) -> None:
    assert verdict.statements
    found = [finding for judged in verdict.statements for finding in needed(judged.findings, judged.shape)]
    assert not found, report(found)


def test_every_foreign_key_has_an_index(volume: Connection) -> None:
    with volume.cursor() as cursor:
        found = bare_foreign_keys(cursor, list(SCHEMAS))
    assert not found, report(found)


def test_every_exemption_has_a_reason_and_is_needed(verdict: Verdict, whole_suite: None) -> None:
    found = [finding for judged in verdict.statements for finding in bad_exemptions(judged.shape, judged.findings)]
    assert not found, report(found)


def test_every_method_was_seen_to_ask(verdict: Verdict, whole_suite: None) -> None:
    """Also those whose answers are cached: the first of them was read from the tables."""
    asked = set().union(*(judged.shape.methods for judged in verdict.statements))
    offered = {f"{service_name(contract)}.{name}" for contract in _CONTRACTS for name in methods(contract)}
    assert offered - asked == _ASK_NOTHING


def test_every_index_is_used(volume: Connection, verdict: Verdict, whole_suite: None) -> None:
    with volume.cursor() as cursor:
        found = unused(cursor, list(SCHEMAS), verdict.used, reasons_to_keep())
    assert not found, report(found)
