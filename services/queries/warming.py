"""What is computed again before anybody asks: the answers most read, of those that a change has just ended."""

from collections.abc import Iterator
from typing import Any

import msgspec

from broadsheet.caching.counts import most_read
from broadsheet.caching.policy import policy_of
from broadsheet.caching.store import Store
from broadsheet.contracts.queries import Queries
from broadsheet.errors import InvalidInput
from broadsheet.rpc.signatures import signature

#: So many after one change; more would be work for readers who may not come.
_MOST = 20


def questions(store: Store, tag: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Methods of the contract with their arguments, most read first. What no longer fits (an older version's) or never did is left out."""
    for raw in most_read(store, tag, _MOST):
        try:
            name, named = msgspec.json.decode(raw, type=tuple[str, dict[str, Any]])
            policy = policy_of(Queries, name)
            if policy is None or not policy.warm:
                continue
            arguments = signature(Queries, name).unpack(named)
        except (msgspec.MsgspecError, InvalidInput, AttributeError):
            continue
        order = msgspec.structs.replace(arguments["order"], max_age_seconds=None)
        yield name, {**arguments, "order": order}
