"""Passwords: argon2id with the library's defaults (RFC 9106), computed in a native thread so that one sign-in does not stop the others."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from eventlet import tpool

_hasher = PasswordHasher()

#: Checked when there is no such user, so that both cases take the same time.
_NOBODY = _hasher.hash("nobody has this password")


def hash_password(password: str) -> str:
    """The hash to store."""
    hashed: str = tpool.execute(_hasher.hash, password)
    return hashed


def verify(password: str, stored_hash: str | None) -> bool:
    """Whether ``password`` is the one; ``None`` (no such user) takes as long and is false."""
    try:
        tpool.execute(_hasher.verify, stored_hash or _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False
    return stored_hash is not None
