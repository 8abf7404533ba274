"""People of the organization."""

from flask import Blueprint

from broadsheet.contracts.accounts import NewUser, User, UserChange
from broadsheet.contracts.base import PageOf
from web.edge.authentication import principal
from web.edge.backends import backends
from web.edge.endpoints import Registry, endpoint


def blueprint(registry: Registry) -> Blueprint:
    """``/users``."""
    api = Blueprint("users", __name__)

    @endpoint(api, registry, "GET", "/users", returns=PageOf[User])
    def list_users(limit: int = 50, cursor: str | None = None) -> PageOf[User]:
        """People of the organization (admin)."""
        return backends().accounts.list_users(principal(), limit, cursor)

    @endpoint(api, registry, "POST", "/users", body=NewUser, returns=User, status=201)
    def create_user(body: NewUser) -> User:
        """Add a person (admin)."""
        return backends().accounts.create_user(principal(), body)

    @endpoint(api, registry, "GET", "/users/<uuid:user_id>", returns=User)
    def get_user(user_id: str) -> User:
        """One person (admin, or oneself)."""
        return backends().accounts.get_user(principal(), user_id)

    @endpoint(api, registry, "PATCH", "/users/<uuid:user_id>", body=UserChange, returns=User)
    def change_user(user_id: str, body: UserChange) -> User:
        """Change a person (admin); what is not given stays."""
        return backends().accounts.change_user(principal(), user_id, body)

    @endpoint(api, registry, "DELETE", "/users/<uuid:user_id>", status=204)
    def delete_user(user_id: str) -> None:
        """Remove a person (admin); the sessions and tokens of that person end."""
        backends().accounts.delete_user(principal(), user_id)

    return api
