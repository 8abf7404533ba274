"""What every contract shares: who asks, pages of a list, events.

A contract is the whole truth about what crosses a process. Fields are added with a default and never change meaning; golden files in
``tests/unit/contracts`` fail the build on a change that an old reader could not read.
"""

import datetime as dt
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from broadsheet.errors import Forbidden
from broadsheet.ids import new_id

Item = TypeVar("Item")


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every record that crosses a process."""


class Role(StrEnum):
    """What a user may do; each role may do what the ones before it may."""

    VIEWER = "viewer"
    AUTHOR = "author"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        """Whether this role may do what ``other`` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


class Principal(Record, frozen=True, kw_only=True):
    """Who asks. Every RPC that reads or writes an organization's data takes one first.

    ``attributes`` and ``organization_attributes`` are what ``:user.NAME`` and ``:org.NAME`` bind to.
    """

    organization_id: str
    user_id: str
    role: Role
    time_zone: str = "UTC"
    attributes: dict[str, Any] = {}
    organization_attributes: dict[str, Any] = {}

    def require(self, role: Role) -> None:
        """Raises ``Forbidden`` unless this principal has ``role`` or more."""
        if not self.role.includes(role):
            raise Forbidden(f"This needs the role {role.value}; yours is {self.role.value}")

    def scope(self) -> list[Any]:
        """What decides which rows this principal may see; equal scopes see equal results."""
        return [self.organization_id, sorted(self.attributes.items()), sorted(self.organization_attributes.items())]


class PageOf(Record, Generic[Item], frozen=True, kw_only=True):
    """One page of a list, newest first unless said; ``next_cursor`` is ``None`` on the last one."""

    items: list[Item]
    next_cursor: str | None = None


class Event(Record, frozen=True, kw_only=True):
    """A fact that happened. ``name`` is the Kafka topic or ``service.event``; it ends in the version."""

    name: ClassVar[str]
    version: ClassVar[int] = 1

    id: str = msgspec.field(default_factory=new_id)
    time: dt.datetime = msgspec.field(default_factory=lambda: dt.datetime.now(dt.UTC))
    trace_id: str | None = None
