"""What Broadsheet's echo offers."""

from typing import Protocol


class Echo(Protocol):
    """Says what it was told."""

    def echo(self, text: str) -> str:
        """The text itself."""
        ...
