"""All servers of one home, started together and stopped together; `make up` and the test suite use this same class.

Two stacks can run on one machine as long as their homes differ; a lock in the home refuses the second stack of one home. If one
server fails, those that are up are stopped before the error leaves: nothing is left running.
"""

import fcntl
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from threading import Event

import msgspec

from broadsheet.local.child import Spawner, sweep
from broadsheet.local.failure import ServerFailed
from broadsheet.local.home import Home, prepare_home
from broadsheet.local.ports import LOCALHOST, allocate
from broadsheet.local.secrets import Secrets, load_secrets
from broadsheet.local.servers.base import Server
from broadsheet.local.servers.kafka import Kafka
from broadsheet.local.servers.postgres import SUPERUSER, Primary, Replica
from broadsheet.local.servers.rabbitmq import RabbitMQ
from broadsheet.local.servers.redis import Redis
from broadsheet.local.together import together

LOCK = "stack.lock"
_PORTS = ("postgres", "postgres-replica", "redis", "rabbitmq", "rabbitmq-distribution", "epmd", "kafka", "kafka-controller")

#: Hears what happens: the name of a server and a word or two ("preparing", "starting", "ready", …).
OnProgress = Callable[[str, str], None]


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """Where the servers of a stack listen and how to get in."""

    host: str
    primary_port: int
    replica_port: int
    superuser: str
    superuser_password: str
    redis_url: str
    amqp_url: str
    kafka_bootstrap: str

    def primary_url(self, database: str = "postgres", role: str | None = None, password: str | None = None) -> str:
        """SQLAlchemy URL of a database on the primary, as superuser unless a role is given."""
        return self._url(self.primary_port, database, role, password)

    def replica_url(self, database: str = "postgres", role: str | None = None, password: str | None = None) -> str:
        """SQLAlchemy URL of a database on the replica, as superuser unless a role is given."""
        return self._url(self.replica_port, database, role, password)

    @property
    def admin_url(self) -> str:
        """The superuser's URL on the primary, database ``postgres``."""
        return self.primary_url()

    def _url(self, port: int, database: str, role: str | None, password: str | None) -> str:
        who = f"{role}:{password}" if role is not None else f"{self.superuser}:{self.superuser_password}"
        return f"postgresql+psycopg2://{who}@{self.host}:{port}/{database}"


class Stack:
    """PostgreSQL primary and replica, Redis, RabbitMQ and Kafka in one data folder.

    ``durable=False`` turns PostgreSQL's fsync off (tests): a killed server loses nothing, a machine without power would.
    ``postgres_settings`` go to primary and replica, over what they have.
    """

    def __init__(
        self,
        home: Path,
        *,
        durable: bool = True,
        on_progress: OnProgress = lambda name, what: None,
        postgres_settings: Mapping[str, str] | None = None,
    ):
        self._wanted = home
        self._durable = durable
        self._on_progress = on_progress
        self._postgres_settings = postgres_settings
        self._lock: int | None = None
        self._giving_up = Event()
        self._spawner: Spawner | None = None
        self._servers: dict[str, Server] = {}
        self._home: Home | None = None
        self._secrets: Secrets | None = None

    @property
    def home(self) -> Home:
        if self._home is None:
            raise RuntimeError("the stack was not started")
        return self._home

    @property
    def secrets(self) -> Secrets:
        if self._secrets is None:
            raise RuntimeError("the stack was not started")
        return self._secrets

    @property
    def spawner(self) -> Spawner:
        """Starts further children of this home."""
        if self._spawner is None:
            raise RuntimeError("the stack was not started")
        return self._spawner

    @property
    def servers(self) -> tuple[Server, ...]:
        return tuple(self._servers.values())

    def server(self, name: str) -> Server:
        """One server by its name: postgres, postgres-replica, redis, rabbitmq, kafka."""
        return self._servers[name]

    @property
    def endpoints(self) -> Endpoints:
        primary, replica, redis, rabbitmq, kafka = self._typed()
        return Endpoints(
            host=LOCALHOST,
            primary_port=primary.port,
            replica_port=replica.port,
            superuser=SUPERUSER,
            superuser_password=self.secrets.postgres,
            redis_url=redis.url,
            amqp_url=rabbitmq.url,
            kafka_bootstrap=kafka.bootstrap,
        )

    def start(self) -> Endpoints:
        """Start everything and return when all of it answers. Raises ServerFailed; then nothing is left running."""
        self._open()
        try:
            self._start_all()
        except BaseException:
            self.stop()
            raise
        return self.endpoints

    def stop(self) -> None:
        """Stop everything; harmless if nothing runs."""
        together([partial(self._stop_one, server) for server in self.servers])
        if self._spawner is not None:
            self._spawner.close()
            self._spawner = None
        if self._home is not None and self._lock is not None:
            sweep(self._home.path)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _open(self) -> None:
        self._giving_up.clear()
        self._home = prepare_home(self._wanted, on_notice=lambda text: self._on_progress("data folder", text))
        self._lock = _locked(self._home.path / LOCK)
        if left := sweep(self._home.path):
            self._on_progress("data folder", f"ended {len(left)} processes left by a start that was cut off")
        self._secrets = load_secrets(self._home.path / "secrets.json")
        self._spawner = Spawner(self._home.path)
        self._servers = {server.name: server for server in self._made(self._home, self._spawner, self._secrets)}

    def _made(self, home: Home, spawner: Spawner, secrets: Secrets) -> tuple[Server, ...]:
        ports = allocate(home.path / "state.json", _PORTS)
        primary = Primary(
            home,
            spawner,
            ports["postgres"],
            password=secrets.postgres,
            durable=self._durable,
            settings=self._postgres_settings,
        )
        replica = Replica(
            home,
            spawner,
            ports["postgres-replica"],
            password=secrets.postgres,
            durable=self._durable,
            primary=primary,
            replication_password=secrets.replication,
            settings=self._postgres_settings,
        )
        redis = Redis(home, spawner, ports["redis"], password=secrets.redis)
        rabbitmq = RabbitMQ(
            home,
            spawner,
            ports["rabbitmq"],
            distribution_port=ports["rabbitmq-distribution"],
            epmd_port=ports["epmd"],
            password=secrets.rabbitmq,
        )
        kafka = Kafka(home, spawner, ports["kafka"], controller_port=ports["kafka-controller"])
        return primary, replica, redis, rabbitmq, kafka

    def _typed(self) -> tuple[Primary, Replica, Redis, RabbitMQ, Kafka]:
        primary, replica, redis, rabbitmq, kafka = self.servers
        assert isinstance(primary, Primary)
        assert isinstance(replica, Replica)
        assert isinstance(redis, Redis)
        assert isinstance(rabbitmq, RabbitMQ)
        assert isinstance(kafka, Kafka)
        return primary, replica, redis, rabbitmq, kafka

    def _start_all(self) -> None:
        primary, replica, redis, rabbitmq, kafka = self._typed()
        chains = ((rabbitmq,), (kafka,), (primary, replica), (redis,))
        together([partial(self._start_chain, chain) for chain in chains], give_up=self._give_up)

    def _give_up(self) -> None:
        self._giving_up.set()
        for server in self.servers:
            server.kill()

    def _start_chain(self, chain: tuple[Server, ...]) -> None:
        for server in chain:
            if self._giving_up.is_set():
                return
            self._on_progress(server.name, "preparing")
            server.prepare()
            self._on_progress(server.name, "starting")
            server.start()
            server.wait_ready()
            self._on_progress(server.name, "ready")

    def _stop_one(self, server: Server) -> None:
        if server.process is not None:
            self._on_progress(server.name, "stopping")
            server.stop()
            self._on_progress(server.name, "stopped")


def _locked(path: Path) -> int:
    """Hold the home's lock; the kernel lets go of it when we end, however that happens."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise ServerFailed("data folder", f"{path.parent} is in use by a running Broadsheet", advice="Stop it: make down") from None
    os.ftruncate(handle, 0)
    os.write(handle, f"{os.getpid()}\n".encode())
    return handle


def owner_of(home: Path) -> int | None:
    """The process that holds the lock of a home, or None if nothing runs there."""
    try:
        handle = os.open(home / LOCK, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return int(os.read(handle, 20).split()[0] or 0)
    finally:
        os.close(handle)
    return None
