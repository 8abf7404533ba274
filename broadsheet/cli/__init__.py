"""The ``broadsheet`` command. One module per verb; nothing here needs a server."""

from broadsheet.cli.app import app

__all__ = ["app"]
