"""Who holds a token, remembered for a second, so that a page's many requests ask once and a revoked token still ends at once."""

import time

from broadsheet.contracts.accounts import Accounts, Identity
from broadsheet.crypto import token_hash

_REMEMBERED_SECONDS = 1.0
_MAX_REMEMBERED = 10_000


class Identities:
    """Checked tokens of one process."""

    def __init__(self, accounts: Accounts):
        self._accounts = accounts
        self._known: dict[str, tuple[float, Identity]] = {}

    def of(self, token: str) -> Identity:
        """Who holds ``token``. Raises ``Unauthenticated``."""
        key = token_hash(token)
        known = self._known.get(key)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        identity = self._accounts.authenticate(token)
        if len(self._known) >= _MAX_REMEMBERED:
            self._known.clear()
        self._known[key] = (time.monotonic() + _REMEMBERED_SECONDS, identity)
        return identity

    def forget(self, token: str) -> None:
        """Ask again next time."""
        self._known.pop(token_hash(token), None)
