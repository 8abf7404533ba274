"""Golden files of the contracts: what crosses processes, one JSON Schema a file, and which changes an old reader could not read.

``python -m tests.unit.contracts.golden`` writes what may change at any time (a new record, a new field with a default).
``--accept-breaks`` writes the rest as well: do that only when no old process can be running, or after raising the version.
"""

import importlib
import json
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from broadsheet import contracts
from broadsheet.contracts.base import Event, Record
from broadsheet.errors import WireError
from broadsheet.rpc.signatures import methods, service_name, signature

FOLDER = Path(__file__).parent / "golden"
_REF = "{name}"
_WORDS = ("title", "description", "default", "examples")

Schema = Mapping[str, Any]


def current() -> dict[str, Schema]:
    """Every contract as it is now, by the name of its file: records, events, enumerations, and the calls of each service."""
    modules = [importlib.import_module(f"{contracts.__name__}.{found.name}") for found in pkgutil.iter_modules(contracts.__path__)]
    records = [kind for module in modules for kind in vars(module).values() if _is_record(kind, module.__name__)]
    services = [kind for module in modules for kind in vars(module).values() if _is_service(kind, module.__name__)]
    calls = [signature(service, name) for service in services for name in methods(service)]
    types = [*records, WireError, *(call.arguments for call in calls), *(call.returns for call in calls)]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    versions = {kind.__name__: kind.version for kind in records if issubclass(kind, Event)}
    found = {f"{name}.v{versions.get(name, 1)}": _bare(schema) for name, schema in components.items()}
    for call, returns in zip(calls, schemas[-len(calls) :], strict=True):
        name = f"{call.arguments.__name__}.v1"
        found[name] = {**found[name], "returns": _bare(returns)}
    return found


def stored() -> dict[str, Schema]:
    """Every golden file."""
    return {path.name.removesuffix(".json"): json.loads(path.read_text()) for path in FOLDER.glob("*.json")}


def breaks(old: Schema, new: Schema) -> list[str]:
    """Why a process that knows ``old`` could not read what one that knows ``new`` writes, or the other way round."""
    return list(_breaks(old, new))


def _breaks(old: Schema, new: Schema) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    yield from (f"the field {name} is gone" for name in before if name not in after)
    yield from (f"the field {name} has another type" for name in before if name in after and before[name] != after[name])
    yield from (f"the field {name} is needed now" for name in new.get("required", ()) if name not in old.get("required", ()))
    added = [name for name in after if name not in before]
    if added and old.get("additionalProperties") is False and "returns" not in old:
        yield from (f"old readers refuse the unknown field {name}" for name in added)
    rest = {name for name in {*old, *new} if name not in ("properties", "required")}
    yield from (f"its {name} changed" for name in sorted(rest) if old.get(name) != new.get(name))


def write(*, accept_breaks: bool) -> list[str]:
    """Bring the golden files to what is now; gives what was refused."""
    FOLDER.mkdir(exist_ok=True)
    known, now = stored(), current()
    refused = []
    for name in sorted({*known, *now}):
        problems = [f"{name} is gone"] if name not in now else breaks(known.get(name, now[name]), now[name])
        if problems and not accept_breaks:
            refused += [f"{name}: {problem}" for problem in problems]
        elif name not in now:
            (FOLDER / f"{name}.json").unlink()
        else:
            (FOLDER / f"{name}.json").write_text(json.dumps(now[name], indent=2, sort_keys=True) + "\n")
    return refused


def _is_record(kind: Any, module: str) -> bool:
    return isinstance(kind, type) and issubclass(kind, Record) and kind.__module__ == module and not _is_abstract(kind)


def _is_abstract(kind: Any) -> bool:
    return kind in (Record, Event) or bool(getattr(kind, "__parameters__", ()))


def _is_service(kind: Any, module: str) -> bool:
    return (
        isinstance(kind, type) and getattr(kind, "_is_protocol", False) and kind.__module__ == module and bool(service_name(kind))
    )


def _bare(schema: Any) -> Any:
    """Without words for people, which may change at any time."""
    if isinstance(schema, dict):
        named = "properties" in schema
        return {
            name: {field: _bare(kind) for field, kind in part.items()} if named and name == "properties" else _bare(part)
            for name, part in schema.items()
            if name not in _WORDS
        }
    return [_bare(part) for part in schema] if isinstance(schema, list) else schema


def main() -> None:
    """Write, or say what stands against it."""
    refused = write(accept_breaks="--accept-breaks" in sys.argv[1:])
    if refused:
        sys.exit("Old processes could not read this:\n  " + "\n  ".join(refused))


if __name__ == "__main__":
    main()
