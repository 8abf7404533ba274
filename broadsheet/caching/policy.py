"""How the answer of a contract method may be kept: declared next to the method, read by whoever calls it and by whoever answers.

Two things a reader would get wrong. ``depends`` names only what can be known from the arguments; what an answer was made of besides
(other cached answers) is added while it is computed. And ``by`` is a promise about the method: it may use nothing else of the principal.
"""

import datetime as dt
import hashlib
import zoneinfo
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from broadsheet.contracts.base import Principal

Method = TypeVar("Method", bound=Callable[..., Any])

#: Bump when keys or entries change their meaning, so that older ones are never read.
FORMAT = 2
_DECLARED = "__cached__"


class By(StrEnum):
    """What of the principal an answer depends on, beyond the arguments."""

    NOBODY = "nobody"
    ORGANIZATION = "organization"
    ROLE = "role"
    SCOPE = "scope"
    PERSON = "person"


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """See :func:`cached`."""

    ttl_seconds: float
    stale_seconds: float = 0.0
    by: By = By.ORGANIZATION
    depends: Callable[..., list[str]] = lambda **_: []
    key: Callable[..., Any] = lambda **named: named
    max_age: Callable[..., float | None] = lambda **_: None
    near: bool = False
    warm: bool = False
    #: Whether only one process at a time computes it: for what is dear. Within a process it is always one.
    exclusive: bool = False


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked, as the cache knows it.

    ``key`` is the digest of everything the answer may depend on, ``tags`` what is known to change it, ``max_age_seconds`` how old an answer
    may be for this asker.
    """

    method: str
    organization_id: str
    key: str
    tags: tuple[str, ...] = ()
    max_age_seconds: float | None = None


def cached(
    *,
    ttl: float,
    stale: float = 0.0,
    by: By = By.ORGANIZATION,
    depends: Callable[..., list[str]] = lambda **_: [],
    key: Callable[..., Any] = lambda **named: named,
    max_age: Callable[..., float | None] = lambda **_: None,
    near: bool = False,
    warm: bool = False,
) -> Callable[[Method], Method]:
    """The answer may be kept for ``ttl`` seconds, and for ``stale`` more be given while one refresh runs.

    ``depends``, ``key`` and ``max_age`` are called with the method's arguments by name: the tags of what changes the answer, the part of
    the arguments that decides it (default: all but the principal), and the age that this asker accepts. ``near``: a process may keep a
    copy, which Redis tells it to drop. ``warm``: the answers most read are computed again when what they depend on has changed.
    """

    def declare(method: Method) -> Method:
        setattr(method, _DECLARED, Policy(
            ttl_seconds=ttl, stale_seconds=stale, depends=depends, by=by, key=key, max_age=max_age, near=near, warm=warm
        ))  # fmt: skip
        return method

    return declare


def policy_of(contract: type, name: str) -> Policy | None:
    """The policy of one method, or ``None`` where its answer is never kept."""
    found: Policy | None = getattr(getattr(contract, name), _DECLARED, None)
    return found


def question(policy: Policy, method: str, named: Mapping[str, Any], *, shape: str = "") -> Question:
    """The question that a call with these arguments asks.

    ``method`` is ``service.method``, ``named`` has every argument. ``shape`` is the fingerprint of the answer's type: who was built with
    another version of a contract asks another question.
    """
    others = {name: value for name, value in named.items() if name != "principal"}
    principal: Principal | None = named.get("principal")
    organization_id = principal.organization_id if principal is not None and policy.by is not By.NOBODY else ""
    return Question(
        method=method,
        organization_id=organization_id,
        key=digest(method, shape, organization_id, _who(policy.by, principal), policy.key(**others)),
        tags=tuple(policy.depends(**named)),
        max_age_seconds=policy.max_age(**others),
    )


def digest(*parts: Any) -> str:
    """The key of what ``parts`` (anything that has a JSON form) determine: equal exactly if they are."""
    return hashlib.blake2b(msgspec.json.encode((FORMAT, *parts), order="deterministic"), digest_size=20).hexdigest()


def _who(by: By, principal: Principal | None) -> Any:
    """The part of the principal that a key carries; the organization is in every key."""
    if principal is None or by in (By.NOBODY, By.ORGANIZATION):
        return None
    if by is By.ROLE:
        return principal.role
    if by is By.PERSON:
        return [principal.role, principal.user_id]
    today = dt.datetime.now(zoneinfo.ZoneInfo(principal.time_zone)).date()  # what "today" in a default means
    return [principal.role, principal.scope(), principal.time_zone, today]
