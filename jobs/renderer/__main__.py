"""``python -m jobs.renderer``: consumes run requests from Kafka and makes the files."""

import os
import signal
import socket
import sys
import time

from confluent_kafka import KafkaException

from broadsheet import logs, settings
from broadsheet.artifacts import ArtifactStore
from broadsheet.contracts.catalog import Catalog
from broadsheet.contracts.runs import RunRequested, Runs
from broadsheet.messaging.kafka import ConsumerLoop, ensure_topics
from broadsheet.rpc.client import remote
from broadsheet.rpc.transport import AmqpTransport
from broadsheet.sources.pool import SourcePool
from jobs.renderer.publishing import Publisher
from jobs.renderer.work import Worker

_GROUP = "broadsheet-renderers"
#: A run that is under way at SIGTERM may take this long before it is handed back.
_GRACE_SECONDS = 5.0


def main() -> None:
    """Run until SIGTERM or SIGINT; a run under way is finished, or handed back."""
    try:
        configured = settings.load(require=("amqp_url", "kafka_bootstrap", "artifacts_url", "secret_key"))
    except settings.SettingsInvalid as error:
        sys.exit(f"renderer: {error}")
    logs.configure("renderer", configured.log_level, configured.log_format)
    transport = AmqpTransport(configured.amqp_url, name="renderer", in_flight=configured.rpc_in_flight)
    runs = remote(Runs, transport, timeout_seconds=configured.rpc_timeout_seconds)
    catalog = remote(Catalog, transport, timeout_seconds=configured.rpc_timeout_seconds)
    sources = SourcePool(configured.secret_key, statement_timeout_seconds=configured.run_timeout_seconds)
    drain_at: list[float] = []
    worker = Worker(
        f"{socket.gethostname()}:{os.getpid()}",
        runs,
        Publisher(runs, catalog, sources, ArtifactStore(configured.artifacts_url), keep_rows_bytes=configured.edition_rows_bytes),
        heartbeat_seconds=configured.heartbeat_seconds,
        drain_at=lambda: drain_at[0] if drain_at else None,
    )
    loop = ConsumerLoop(
        configured.kafka_bootstrap,
        group=_GROUP,
        topics=[RunRequested.name],
        step=worker.step,
        session_seconds=configured.lease_seconds,
    )

    def drain(*_: object) -> None:
        drain_at.append(time.monotonic() + _GRACE_SECONDS)
        loop.stop()

    signal.signal(signal.SIGTERM, drain)
    signal.signal(signal.SIGINT, drain)
    log = logs.logger(__name__)
    log.info("renderer.started")
    try:
        ensure_topics(configured.kafka_bootstrap, [RunRequested.name])
    except KafkaException as error:  # the loop waits for the broker by itself
        log.warning("kafka.not_there_yet", error=str(error))
    loop.run()
    transport.close()
    sources.close()
    log.info("renderer.stopped")


if __name__ == "__main__":
    main()
