"""Which Broadsheet processes run on one machine, and how each is started."""

from collections.abc import Callable, Mapping

import msgspec


class ProcessSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of process.

    ``argv`` are the arguments of this Python, as ``("-m", "services.runs")``. ``role`` names its database role. ``ready`` says, given
    the process's environment, whether it answers; an exception means not yet; without it, being alive is being ready.
    """

    name: str
    argv: tuple[str, ...]
    role: str | None = None
    ready: Callable[[Mapping[str, str]], bool] | None = None


PROCESSES: tuple[ProcessSpec, ...] = ()
