"""Apache Kafka in KRaft mode: one process is broker and controller, with one copy of everything.

Its jars come from Maven Central once (`kafka/pom.xml`) into a cache folder that all homes of the account share; see `jars`.
"""

import base64
import os
from pathlib import Path

from confluent_kafka.admin import AdminClient

from broadsheet.local.child import Launch, Spawner
from broadsheet.local.home import Home
from broadsheet.local.kafka.jars import fetched_jars
from broadsheet.local.ports import LOCALHOST, check_free, is_free
from broadsheet.local.servers.base import Server, base_env, program

_SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
log.dirs={data}
auto.create.topics.enable=true
num.partitions=6
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=2
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=1500
log.cleaner.dedupe.buffer.size=16777216
num.io.threads=4
num.network.threads=2
background.threads=4
"""
_JVM = (
    "-Xms96m",
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
    "-Dorg.slf4j.simpleLogger.showThreadName=false",
    "-Dorg.slf4j.simpleLogger.showShortLogName=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server=info",
)


class Kafka(Server):
    name = "kafka"

    def __init__(self, home: Home, spawner: Spawner, port: int, *, controller_port: int):
        super().__init__(home, spawner, port)
        self._controller_port = controller_port

    @property
    def bootstrap(self) -> str:
        return f"{LOCALHOST}:{self.port}"

    @property
    def _settings(self) -> Path:
        return self.home.path / "kafka" / "server.properties"

    def prepare(self) -> None:
        folder = self.home.folder("kafka")
        data = folder / "data"
        self._settings.write_text(
            _SETTINGS.format(host=LOCALHOST, port=self.port, controller_port=self._controller_port, data=data)
        )
        if not (data / "meta.properties").exists():
            cluster = base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=").replace("-", "A")
            self.run_tool((*self._java(), "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self._settings)))

    def start(self) -> None:
        if not self.is_running:
            check_free(self.name, self._controller_port)
        super().start()

    def launch(self) -> Launch:
        argv = (*self._java(), "kafka.Kafka", str(self._settings))
        return Launch(name=self.name, argv=argv, cwd=self.home.path / "kafka", env=base_env())

    def probe(self) -> bool:
        if is_free(self.port):  # spares the client's complaints while nobody listens
            return False
        client = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0, "socket.timeout.ms": 3000})
        return len(client.list_topics(timeout=3).brokers) == 1

    def _java(self) -> tuple[str, ...]:
        return (program("java", package="openjdk-17-jre-headless"), *_JVM, "-cp", f"{fetched_jars()}/*")
