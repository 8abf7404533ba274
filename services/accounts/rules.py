"""What makes an account valid, and who may touch whom. Pure decisions."""

import re
import zoneinfo
from collections.abc import Mapping
from typing import Any

from broadsheet.contracts.accounts import NewUser
from broadsheet.errors import FieldError, InvalidInput

MIN_PASSWORD = 10
MAX_PASSWORD = 200
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")


def normalized_email(email: str) -> str:
    """Addresses are compared without case and surrounding space."""
    return email.strip().lower()


def check_user(order: NewUser) -> None:
    """Raises :class:`InvalidInput` with every mistake at once."""
    problems = []
    if not _EMAIL.fullmatch(normalized_email(order.email)):
        problems.append(FieldError("/email", "This is not an e-mail address"))
    _refuse(problems + name_problems(order.name) + password_problems(order.password) + time_zone_problems(order.time_zone))


def check_change(values: Mapping[str, Any], new_password: str | None) -> None:
    """A change of a user, held to the same rules; only what is in ``values`` changes. Raises :class:`InvalidInput`."""
    problems = name_problems(values["name"]) if "name" in values else []
    problems += time_zone_problems(values["time_zone"]) if "time_zone" in values else []
    _refuse(problems + ([] if new_password is None else password_problems(new_password)))


def name_problems(name: str) -> list[FieldError]:
    """What is wrong with a person's name."""
    return [] if name.strip() else [FieldError("/name", "A name is needed")]


def password_problems(password: str) -> list[FieldError]:
    """What is wrong with a new password."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        return [FieldError("/password", f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")]
    return []


def time_zone_problems(name: str) -> list[FieldError]:
    """What is wrong with a time zone's name."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return [FieldError("/time_zone", f"{name!r} is not an IANA time zone", hint="for example Europe/Berlin")]
    return []


def _refuse(problems: list[FieldError]) -> None:
    if problems:
        raise InvalidInput("The user has mistakes", errors=tuple(problems))
