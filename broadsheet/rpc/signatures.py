"""A contract's methods as types: what goes over the wire in each direction.

Both ends use the same :class:`Signature`, so an argument or a result that does not fit is refused at the border, not deep inside.
"""

import hashlib
import inspect
import typing
from functools import cache
from typing import Any

import msgspec

from broadsheet.errors import InvalidInput


class Signature:
    """One method of a contract. ``idempotent`` methods may be sent again when no answer came."""

    def __init__(self, contract: type, name: str):
        function = getattr(contract, name)
        hints = typing.get_type_hints(function)
        self.service = service_name(contract)
        self.method = name
        self.returns = hints.pop("return")
        self.parameters = [p for p in inspect.signature(function).parameters.values() if p.name != "self"]
        self.arguments = msgspec.defstruct(
            f"{contract.__name__}_{name}",
            [(p.name, hints[p.name]) if p.default is p.empty else (p.name, hints[p.name], p.default) for p in self.parameters],
            forbid_unknown_fields=True,
            kw_only=True,
        )
        self._names = [p.name for p in self.parameters]
        self._defaults = {p.name: p.default for p in self.parameters if p.default is not p.empty}
        self.shape = _fingerprint(self.returns)
        self._decode_result = msgspec.json.Decoder(self.returns).decode

    def named(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """All arguments by name, defaults included."""
        return {**self._defaults, **dict(zip(self._names, args, strict=False)), **kwargs}

    def without_defaults(self, named: dict[str, Any]) -> dict[str, Any]:
        """What has to be sent: a service that does not know a new argument yet is only asked for it when it matters."""
        return {name: value for name, value in named.items() if name not in self._defaults or value != self._defaults[name]}

    def unpack(self, data: Any) -> dict[str, Any]:
        """Plain data as typed arguments. Raises :class:`InvalidInput`."""
        try:
            record = msgspec.convert(data, self.arguments)
        except msgspec.ValidationError as error:
            raise InvalidInput(f"{self.service}.{self.method}: {error}") from error
        return {name: getattr(record, name) for name in self._names}

    def decode_result(self, raw: bytes) -> Any:
        """The answer as its own type, out of its JSON."""
        return self._decode_result(raw)


def _fingerprint(kind: Any) -> str:
    """A short text that changes with everything that bytes of this type can hold (its JSON Schema)."""
    return hashlib.blake2b(msgspec.json.encode(msgspec.json.schema(kind), order="deterministic"), digest_size=8).hexdigest()


def service_name(contract: type) -> str:
    """The service that keeps a contract: the contract's name in lower case."""
    return contract.__name__.lower()


@cache
def signature(contract: type, name: str) -> Signature:
    """The signature of one method, built once."""
    return Signature(contract, name)


def methods(contract: type) -> list[str]:
    """The names of a contract's methods."""
    return [name for name, value in vars(contract).items() if inspect.isfunction(value) and not name.startswith("_")]
