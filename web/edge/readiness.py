"""Whether people can be let in: every service answers a small question, asked side by side.

Redis is not asked: without it everything is slower and nothing is wrong.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from broadsheet.contracts.accounts import Accounts
from broadsheet.contracts.base import Principal, Role
from broadsheet.contracts.catalog import Catalog
from broadsheet.contracts.notifications import Notifications
from broadsheet.contracts.queries import Queries, ReadOrder
from broadsheet.contracts.runs import Runs
from broadsheet.errors import BroadsheetError, Unavailable
from broadsheet.ids import new_id
from broadsheet.rpc.client import remote
from web.edge.backends import Backends

Contract = TypeVar("Contract")


def waiting_for(backends: Backends) -> list[str]:
    """The services that do not answer; none, when all is well."""
    nobody = Principal(organization_id=new_id(), user_id=new_id(), role=Role.VIEWER)

    def asked(contract: type[Contract]) -> Contract:
        """The service itself: an answer out of the cache would say nothing of it."""
        return remote(contract, backends.transport, timeout_seconds=backends.settings.rpc_timeout_seconds)

    questions: dict[str, Callable[[], object]] = {
        "accounts": lambda: asked(Accounts).authenticate("nobody"),
        "catalog": lambda: asked(Catalog).list_reports(nobody, 1),
        "queries": lambda: asked(Queries).view(nobody, ReadOrder(report_id=new_id())),
        "runs": lambda: asked(Runs).list_runs(nobody, None, 1),
        "notifications": lambda: asked(Notifications).inbox(nobody, 1),
    }
    with ThreadPoolExecutor(len(questions)) as executor:
        answers = list(executor.map(_answers, questions.values()))
    return [name for name, answered in zip(questions, answers, strict=True) if not answered]


def _answers(ask: Callable[[], object]) -> bool:
    """A refusal is an answer too; only silence is not, and our own fault."""
    try:
        ask()
    except Unavailable:
        return False
    except BroadsheetError as error:
        return error.status < 500
    return True
