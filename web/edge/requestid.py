"""The request id: the caller's, if it is sensible, else one of ours. It is in the answer, in every log line and in calls to services."""

from collections.abc import Mapping
from typing import Any

from broadsheet.ids import new_id

HEADER = "X-Request-ID"
_LONGEST = 64


def request_id(environ: Mapping[str, Any]) -> str:
    """The id of the request with this WSGI environment."""
    sent: str = environ.get("HTTP_X_REQUEST_ID", "")
    return sent if 0 < len(sent) <= _LONGEST and sent.isascii() and sent.isprintable() else new_id()
