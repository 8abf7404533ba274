"""The REST API, one blueprint per resource, all declared in one registry that ``openapi.json`` is made from."""

from flask import Flask

from web.edge.api import cache, events, me, notifications, reports, runs, sources, users
from web.edge.endpoints import Registry

BASE = "/api/v1"


def install(app: Flask) -> Registry:
    """Serve the API; gives what was declared."""
    registry: Registry = []
    for module in (me, users, sources, reports, runs, notifications, events, cache):
        app.register_blueprint(module.blueprint(registry), url_prefix=BASE)
    return registry
