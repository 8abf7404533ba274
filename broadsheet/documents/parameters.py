"""What the reader asked for → typed values for a report's parameters, all mistakes at once.

Fixed options are enforced here; options that come from a query are checked by whoever can run that query, with :func:`pick`. Unknown
names are mistakes too: a misspelt parameter must not silently give the default's numbers.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from broadsheet.documents import values
from broadsheet.documents.model import Option, Parameter, ParameterType, Report, Value
from broadsheet.documents.sourcetext import did_you_mean
from broadsheet.errors import FieldError, InvalidParameters


def read(report: Report, raw: Mapping[str, object], *, from_query_string: bool, today: dt.date | None = None) -> dict[str, Value]:
    """The value of every declared parameter, in the order of declaration.

    ``raw`` maps names to texts (a list of texts for a repeated one) if ``from_query_string``, else to JSON values. An absent or empty
    value gives the default. ``today`` (default: the day in UTC) is what relative defaults count from. Raises ``InvalidParameters`` with
    one ``FieldError`` per wrong parameter, pointer ``/params/NAME``.
    """
    today = today or dt.datetime.now(dt.UTC).date()
    errors = [_unknown(name, report) for name in raw if name not in {parameter.name for parameter in report.parameters}]
    found: dict[str, Value] = {}
    for parameter in report.parameters:
        try:
            found[parameter.name] = _value(parameter, raw.get(parameter.name), from_query_string, today)
        except ValueError as error:
            errors.append(FieldError(_pointer(parameter.name), f"{parameter.label}: {error}", hint=_hint(parameter)))
    if errors:
        raise InvalidParameters(errors[0].message, errors=tuple(errors))
    return found


def defaults(report: Report, *, today: dt.date | None = None) -> dict[str, Value]:
    """The default of every parameter; ``None`` for a required one."""
    today = today or dt.datetime.now(dt.UTC).date()
    return {parameter.name: default_of(parameter, today) for parameter in report.parameters}


def default_of(parameter: Parameter, today: dt.date) -> Value:
    """The default as a value, on the day ``today``."""
    if parameter.default_expression is not None:
        return values.relative_date(parameter.default_expression, today)
    return list(parameter.default) if isinstance(parameter.default, list) else parameter.default


def to_json(found: Mapping[str, Value]) -> dict[str, Any]:
    """The values as JSON data; :func:`read` with ``from_query_string=False`` gives them back."""
    return {name: values.to_json(value) for name, value in found.items()}


def pick(options: Iterable[Option], value: object) -> Option | None:
    """The option that ``value`` means: equal as written, so that ``"7"`` from a query string picks the number 7."""
    wanted = _as_text(value)
    return next((option for option in options if _as_text(option.value) == wanted), None)


def _as_text(value: Any) -> str:
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal) and value.is_finite():
        return format(value.normalize(), "f")
    return values.to_text(value)


def _pointer(name: str) -> str:
    return "/params/" + name.replace("~", "~0").replace("/", "~1")


def _unknown(name: str, report: Report) -> FieldError:
    known = [parameter.name for parameter in report.parameters]
    hint = did_you_mean(name, known) if known else "this report has no parameters"
    return FieldError(_pointer(name), f"There is no parameter `{name[:60]}` in this report", hint=hint)


def _hint(parameter: Parameter) -> str | None:
    if parameter.options:
        texts = [values.to_text(option.value) for option in parameter.options]
        return "use one of " + ", ".join(texts[:12]) + (", …" if len(texts) > 12 else "")
    return {ParameterType.DATE: "write it as 2013-01-31", ParameterType.BOOLEAN: "true or false"}.get(parameter.type)


def _value(parameter: Parameter, raw: object, from_query_string: bool, today: dt.date) -> Value:
    if raw is None or raw == "":
        if parameter.required:
            raise ValueError("needs a value")
        return default_of(parameter, today)
    if parameter.type is ParameterType.LIST:
        return _list(parameter, raw, from_query_string)
    if isinstance(raw, list | tuple):
        if from_query_string and len(raw) == 1:
            return _value(parameter, raw[0], from_query_string, today)
        raise ValueError("takes one value, not several")
    value = _single(parameter, parameter.type, raw, from_query_string)
    _check_bounds(parameter, value)
    return value


def _list(parameter: Parameter, raw: object, from_query_string: bool) -> Value:
    if not isinstance(raw, list | tuple):
        if not from_query_string:
            raise ValueError("must be a list")
        raw = [raw]
    if len(raw) > values.LONGEST_LIST:
        raise ValueError(f"takes at most {values.LONGEST_LIST:,} values")
    if from_query_string:
        raw = [item for item in raw if item != ""]
    return [_single(parameter, parameter.of, item, from_query_string) for item in raw]


def _single(parameter: Parameter, kind: ParameterType, raw: object, from_query_string: bool) -> Value:
    if parameter.options:
        option = pick(parameter.options, raw) if isinstance(raw, str | int | float | Decimal | dt.date) else None
        if option is None:
            raise ValueError(f"`{str(raw)[:60]}` is not among the options")
        return option.value  # type: ignore[no-any-return]
    if from_query_string:
        if not isinstance(raw, str):
            raise ValueError("must be a text")
        return values.from_text(kind, raw)
    return values.from_plain(kind, raw)


def _check_bounds(parameter: Parameter, value: Value) -> None:
    if not isinstance(value, int | Decimal) or isinstance(value, bool):
        return
    if parameter.minimum is not None and value < parameter.minimum:
        raise ValueError(f"must be at least {parameter.minimum:g}")
    if parameter.maximum is not None and value > parameter.maximum:
        raise ValueError(f"must be at most {parameter.maximum:g}")
