"""Connected data sources of one process, by what the catalogue says of them.

A changed data source has a new revision and so a new entry; the old one's connections are closed. Passwords are decrypted here, at the
moment of connecting, and nowhere else.
"""

from contextlib import suppress
from urllib.parse import quote

from broadsheet import crypto
from broadsheet.contracts.catalog import SourceConnection
from broadsheet.sources.base import Source, SourceUrl
from broadsheet.sources.postgres import PostgresSource

_MAX_SOURCES = 200


class SourcePool:
    """Sources by id and revision. ``statement_timeout_seconds`` holds for every query of this process.

    Threads may share it; it takes no lock, for the reason that :mod:`broadsheet.sources.postgres` gives.
    """

    def __init__(self, secret_key: str, *, statement_timeout_seconds: float, idle_connections: int = 4):
        self._secret_key = secret_key
        self._timeout = statement_timeout_seconds
        self._idle_connections = idle_connections
        self._sources: dict[str, tuple[int, Source]] = {}

    def get(self, connection: SourceConnection) -> Source:
        """The source, connected when it is first read. Raises ``SourceUnavailable`` when its password can't be decrypted."""
        known = self._sources.get(connection.id)
        if known is not None and known[0] == connection.revision:
            return known[1]
        source = PostgresSource(self._config(connection), idle_connections=self._idle_connections)
        self._sources[connection.id] = (connection.revision, source)
        if known is not None:
            known[1].close()
        self._make_room()
        return source

    def drop_idle(self) -> None:
        """Close connections that nobody has used for some minutes; a source that is read does so by itself."""
        for _, source in list(self._sources.values()):
            source.drop_idle()

    def close(self) -> None:
        """Close every idle connection."""
        sources, self._sources = self._sources, {}
        for _, source in sources.values():
            source.close()

    def _make_room(self) -> None:
        self.drop_idle()
        while len(self._sources) > _MAX_SOURCES:
            with suppress(KeyError, RuntimeError):
                self._sources.pop(next(iter(self._sources)))[1].close()

    def _config(self, connection: SourceConnection) -> SourceUrl:
        password = crypto.decrypt(self._secret_key, connection.password_encrypted)
        who = f"{quote(connection.user, safe='')}:{quote(password, safe='')}"
        database = quote(connection.database, safe="")
        return SourceUrl(
            url=f"postgresql://{who}@{connection.host}:{connection.port}/{database}",
            replicas=tuple(f"postgresql://{who}@{address}/{database}" for address in connection.replicas),
            statement_timeout_seconds=self._timeout,
        )
