"""Secrets at rest: data-source passwords are encrypted (Fernet: AES-128-CBC with HMAC-SHA256), tokens are stored as hashes.

A token has 256 random bits, so a plain SHA-256 of it is enough (nothing to guess); passwords of people go through argon2 in
``services/accounts``.
"""

import hashlib
import secrets

from cryptography.fernet import Fernet, InvalidToken

from broadsheet.errors import SourceUnavailable


def new_token(prefix: str) -> str:
    """A new secret token, recognisable by its prefix (``bs_…``)."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def token_hash(token: str) -> str:
    """How a token is stored: SHA-256, hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def encrypt(secret_key: str, text: str) -> str:
    """``text`` under ``secret_key``."""
    return Fernet(secret_key).encrypt(text.encode()).decode()


def decrypt(secret_key: str, encrypted: str) -> str:
    """The text again. Raises :class:`SourceUnavailable` when the key is another one."""
    try:
        return Fernet(secret_key).decrypt(encrypted.encode()).decode()
    except InvalidToken as error:
        raise SourceUnavailable("The stored password was encrypted with another BROADSHEET_SECRET_KEY; enter it again") from error
