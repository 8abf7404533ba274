"""Redis as the shared cache: bounded memory, evicts what is used least, keeps nothing on disk.

A restart is an empty cache by design. The password lies in the configuration file, not in the list of processes.
"""

import redis

from broadsheet.local.child import Launch, Spawner
from broadsheet.local.home import Home
from broadsheet.local.ports import LOCALHOST
from broadsheet.local.servers.base import Server, base_env, program

_SETTINGS = """\
bind {host}
port {port}
requirepass {password}
daemonize no
dir {folder}
save ""
appendonly no
maxmemory 256mb
maxmemory-policy volatile-lfu
tcp-keepalive 60
"""


class Redis(Server):
    name = "redis"
    ready_seconds = 20.0

    def __init__(self, home: Home, spawner: Spawner, port: int, *, password: str):
        super().__init__(home, spawner, port)
        self._password = password

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@{LOCALHOST}:{self.port}/0"

    def prepare(self) -> None:
        folder = self.home.folder("redis")
        settings = _SETTINGS.format(host=LOCALHOST, port=self.port, password=self._password, folder=folder)
        (folder / "redis.conf").write_text(settings)

    def launch(self) -> Launch:
        folder = self.home.path / "redis"
        server = program("redis-server", package="redis-server")
        return Launch(name=self.name, argv=(server, str(folder / "redis.conf")), cwd=folder, env=base_env())

    def probe(self) -> bool:
        with redis.Redis.from_url(self.url, socket_timeout=2, socket_connect_timeout=2) as client:
            return bool(client.ping())
