"""Which Broadsheet processes run on one machine, and how each is started."""

import urllib.request
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


def _edge_ready(environ: Mapping[str, str]) -> bool:
    """The edge answers for itself and for every service behind it."""
    host, _, port = environ["BROADSHEET_EDGE_BIND"].rpartition(":")
    address = f"http://{'127.0.0.1' if host in ('', '0.0.0.0', '[::]') else host}:{port}/readyz"  # noqa: S104
    with urllib.request.urlopen(address, timeout=5) as response:
        return bool(response.status == 200)


PROCESSES: tuple[ProcessSpec, ...] = (
    ProcessSpec(name="accounts", argv=("-m", "services.accounts"), role="accounts"),
    ProcessSpec(name="catalog", argv=("-m", "services.catalog"), role="catalog"),
    ProcessSpec(name="queries", argv=("-m", "services.queries"), role="queries"),
    ProcessSpec(name="runs", argv=("-m", "services.runs"), role="runs"),
    ProcessSpec(name="notifications", argv=("-m", "services.notifications"), role="notifications"),
    ProcessSpec(name="relay", argv=("-m", "jobs.relay"), role="relay"),
    ProcessSpec(name="renderer", argv=("-m", "jobs.renderer")),
    ProcessSpec(name="edge", argv=("-m", "web.edge"), ready=_edge_ready),
)
