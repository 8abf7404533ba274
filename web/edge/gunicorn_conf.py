"""gunicorn's configuration for the edge (a Python file because gunicorn wants one; the values come from the settings).

``reuse_port`` matters: without it one worker often got all keep-alive connections. The control socket has one default path per user, so
it is off. SIGTERM drains: gunicorn stops accepting, open pages are let go after the grace period.
"""

from broadsheet import settings

_configured = settings.load()

bind = _configured.edge_bind
workers = _configured.edge_workers
worker_class = "gevent"
worker_connections = 2000
reuse_port = True
keepalive = 30
timeout = 60
graceful_timeout = 5
max_requests = 0
accesslog = None
loglevel = "warning"
proc_name = "broadsheet-edge"
control_socket_disable = True
worker_tmp_dir = "/dev/shm"  # noqa: S108 - gunicorn's heartbeat file, made by mkstemp
