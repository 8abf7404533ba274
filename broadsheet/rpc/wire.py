"""What an RPC message looks like on the wire: Nameko's protocol, as JSON that msgspec writes and reads.

Registered with kombu as a serializer of its own; plain JSON of an older peer is read as well, and answered in kind: the two differ in
nothing but their content type.
"""

from typing import Any

import msgspec
from kombu.serialization import register

SERIALIZER = "broadsheet-rpc"
CONTENT_TYPE = "application/vnd.broadsheet.rpc+json"
CONTENT_ENCODING = "utf-8"


class Request(msgspec.Struct, frozen=True):
    """A call. ``args`` is always empty: arguments go by name."""

    kwargs: dict[str, Any]
    args: tuple[()] = ()


class Reply(msgspec.Struct, frozen=True):
    """An answer. ``result`` is still JSON: the caller knows its type."""

    result: msgspec.Raw = msgspec.Raw(b"null")
    error: dict[str, Any] | None = None


encode = msgspec.json.Encoder().encode
decode_reply = msgspec.json.Decoder(Reply).decode

register(
    SERIALIZER,
    encoder=encode,
    decoder=msgspec.json.decode,
    content_type=CONTENT_TYPE,
    content_encoding=CONTENT_ENCODING,
)
