"""The same under eventlet, as in a service's process: in a process of its own, because patching is for a whole process."""

import socket
import subprocess
import sys
from pathlib import Path

from tests.support.cluster import Cluster

_PROGRAM = """
import sys, time, warnings
warnings.filterwarnings("ignore", message=r"\\s*Eventlet is deprecated")
import eventlet
eventlet.monkey_patch()
from broadsheet.hosting.green import patch_psycopg
patch_psycopg()
import sqlalchemy as sa
from broadsheet.database import Database

primary, silent, replica = sys.argv[1:]
ticks = 0

def tick():
    global ticks
    while True:
        eventlet.sleep(0.01)
        ticks += 1

def served_by(db):
    with db.read() as session:
        return "replica" if session.scalar(sa.text("select pg_is_in_recovery() from pg_sleep(0.01)")) else "primary"

eventlet.spawn(tick)
db = Database(primary, [silent], schema="app")
started = time.monotonic()
served = [served_by(db) for _ in range(5)]
print(*served, time.monotonic() - started < 8, ticks > 50)

db = Database(primary, [silent, replica], schema="app")
served_by(db)
time.sleep(0.5)
pool = eventlet.GreenPool(50)
print(*set(pool.imap(lambda _: served_by(db), range(200))))
"""


def test_green_readers_share_the_replica_and_a_silent_one_holds_them_up_only_for_a_moment(cluster: Cluster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent_url = f"postgresql+psycopg2://somebody@127.0.0.1:{silent.getsockname()[1]}/replicated"
        arguments = (cluster.primary_url, silent_url, cluster.replica_url)
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=Path(__file__).parents[3],
            check=False,
        )
    assert done.returncode == 0, done.stderr
    printed = [line for line in done.stdout.splitlines() if "replica.resting" not in line]
    assert printed == [" ".join(["primary"] * 5 + ["True", "True"]), "replica"], done.stdout + done.stderr
