"""RabbitMQ as a private node: Debian's package, but neither its service nor its account.

The node needs Erlang's port mapper. It is started here as a child of its own, on a private port: left to itself the node would
start one as a daemon that nobody owns. ``RUNNING_UNDER_SYSTEMD`` only makes the start script *become* the Erlang machine, so that
signals reach it.
"""

import subprocess
import time

from kombu.connection import Connection

from broadsheet.local.child import Launch, Spawner, end, kill_group
from broadsheet.local.home import Home
from broadsheet.local.ports import LOCALHOST, check_free, is_free
from broadsheet.local.servers.base import Server, base_env, program

USER = "broadsheet"
VIRTUAL_HOST = "broadsheet"
_PACKAGE = "rabbitmq-server"
#: Two schedulers that do not spin while idle; the node talks to nobody but this machine.
_ERLANG = "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"
_SETTINGS = """\
listeners.tcp.local = {host}:{port}
default_vhost = {vhost}
default_user = {user}
default_pass = {password}
default_permissions.configure = .*
default_permissions.read = .*
default_permissions.write = .*
log.file = false
log.console = true
log.console.level = info
disk_free_limit.absolute = 100MB
vm_memory_high_watermark.absolute = 512MB
"""


class RabbitMQ(Server):
    name = "rabbitmq"

    def __init__(self, home: Home, spawner: Spawner, port: int, *, distribution_port: int, epmd_port: int, password: str):
        super().__init__(home, spawner, port)
        self._distribution_port = distribution_port
        self._epmd_port = epmd_port
        self._password = password
        self._epmd: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"amqp://{USER}:{self._password}@{LOCALHOST}:{self.port}/{VIRTUAL_HOST}"

    def prepare(self) -> None:
        folder = self.home.folder("rabbitmq")
        settings = _SETTINGS.format(host=LOCALHOST, port=self.port, vhost=VIRTUAL_HOST, user=USER, password=self._password)
        (folder / "rabbitmq.conf").write_text(settings)
        (folder / "enabled_plugins").write_text("[].\n")

    def launch(self) -> Launch:
        folder = self.home.path / "rabbitmq"
        server = program("rabbitmq-server", "/usr/lib/rabbitmq/bin", package=_PACKAGE)
        env = {
            **self._erlang_env(),
            "RUNNING_UNDER_SYSTEMD": "1",
            "RABBITMQ_NODENAME": "broadsheet@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": LOCALHOST,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none.conf"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _ERLANG,
        }
        return Launch(name=self.name, argv=(server,), cwd=folder, env=env)

    def start(self) -> None:
        if self.is_running:
            return
        check_free(self.name, self._distribution_port)
        self._start_port_mapper()
        super().start()

    def stop(self) -> None:
        super().stop()
        if self._epmd is not None:
            end(self._epmd, self.stop_signal, 2)
            self._epmd = None

    def kill(self) -> None:
        super().kill()
        if self._epmd is not None:
            kill_group(self._epmd)
            self._epmd = None

    def probe(self) -> bool:
        with Connection(self.url, connect_timeout=2) as connection:
            connection.connect()
            return bool(connection.connected)

    def _start_port_mapper(self) -> None:
        if self._epmd is not None and self._epmd.poll() is None:
            return
        check_free(self.name, self._epmd_port)
        epmd = program("epmd", package=_PACKAGE)
        launch = Launch(name="epmd", argv=(epmd,), cwd=self.home.path / "rabbitmq", env=self._erlang_env())
        self._epmd = self._spawn(launch)
        deadline = time.monotonic() + 5
        while is_free(self._epmd_port):
            if self._epmd.poll() is not None or time.monotonic() > deadline:
                raise self.failure("Erlang's port mapper (epmd) did not start")
            time.sleep(0.02)

    def _erlang_env(self) -> dict[str, str]:
        return {
            **base_env(),
            "HOME": str(self.home.path / "rabbitmq"),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": LOCALHOST,
            "ERL_CRASH_DUMP_BYTES": "0",
        }
