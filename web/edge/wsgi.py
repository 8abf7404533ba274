"""What gunicorn loads in each worker, after the worker has patched the standard library."""

from flask import Flask

from broadsheet import logs, settings
from web.edge.app import create_app
from web.edge.backends import connect


def build() -> Flask:
    """The application of this worker."""
    configured = settings.load(require=("amqp_url", "redis_url", "artifacts_url"))
    logs.configure("edge", configured.log_level, configured.log_format)
    return create_app(connect(configured))
