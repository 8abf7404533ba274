"""Parameter declarations in front matter: types, fixed or queried options, defaults of the right type.

A parameter without ``default`` is required; ``default: null`` makes it optional (its empty value is null).
"""

import re
from decimal import Decimal

import msgspec

from broadsheet.documents import placeholders, values
from broadsheet.documents.keys import Keys, name_of
from broadsheet.documents.model import Option, Parameter, ParameterType, Position, Value
from broadsheet.documents.sourcetext import Fragment, Mistakes, did_you_mean
from broadsheet.documents.sqlcheck import check_sql
from broadsheet.documents.yamltext import Entry, ListNode, MapNode, Node, ScalarNode

PARAMETER_KEYS = ("type", "label", "default", "options", "of", "min", "max")
OPTION_KEYS = ("value", "label")
ELEMENT_TYPES = (ParameterType.TEXT, ParameterType.NUMBER, ParameterType.DATE)
MOST_PARAMETERS = 50
MOST_OPTIONS = 1_000

#: Names that mean something else in SQL placeholders or in expressions.
RESERVED = frozenset(
    ("user", "org", "and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "True", "False", "None", "loop", "self",
     "include", "today")
)  # fmt: skip

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
_DEFAULT_HINTS = {
    ParameterType.DATE: "write 2013-01-31, or relative to the day of the request: `today - 7d`",
    ParameterType.NUMBER: "write `default: 10`",
    ParameterType.BOOLEAN: "write `default: true`",
}
_SYNONYMS = {"string": "text", "str": "text", "int": "number", "integer": "number", "float": "number", "select": "choice",
             "enum": "choice", "bool": "boolean", "array": "list", "datetime": "date", "timestamp": "date"}  # fmt: skip


def name_mistake(name: str, what: str) -> tuple[str, str] | None:
    """Message and hint if ``name`` cannot be the name of a parameter or query."""
    if not _NAME.fullmatch(name):
        return f"`{name[:60]}` cannot be the name of {what}", "use letters, digits and `_`, beginning with a letter"
    if name in RESERVED:
        return f"`{name}` is a reserved word and cannot be the name of {what}", f"for example `{name}_1`"
    return None


def read_parameters(node: Node | None, mistakes: Mistakes) -> tuple[tuple[Parameter, ...], frozenset[str]]:
    """The parameters, and every declared name (also of those with mistakes)."""
    if node is None or (isinstance(node, ScalarNode) and node.value is None):
        return (), frozenset()
    if not isinstance(node, MapNode):
        mistakes.add(
            node.position, f"`params` must be a mapping, not {name_of(node)}", "write `params:` and then `name: {type: text}`"
        )
        return (), frozenset()
    if len(node.entries) > MOST_PARAMETERS:
        mistakes.add(node.entries[MOST_PARAMETERS].position, f"A report may have at most {MOST_PARAMETERS} parameters")
    found = [_parameter(entry, mistakes) for entry in node.entries[:MOST_PARAMETERS]]
    return tuple(parameter for parameter in found if parameter), frozenset(entry.key for entry in node.entries)


def _parameter(entry: Entry, mistakes: Mistakes) -> Parameter | None:
    if wrong := name_mistake(entry.key, "a parameter"):
        mistakes.add(entry.position, *wrong)
    if not isinstance(entry.value, MapNode):
        mistakes.add(entry.value.position, f"The parameter `{entry.key[:60]}` must be a mapping with a type",
                     f"write `{entry.key[:60]}: {{type: text}}`")  # fmt: skip
        return None
    keys = Keys(entry.value.entries, PARAMETER_KEYS, f"the parameter `{entry.key[:60]}`", mistakes)
    if "type" not in keys:
        mistakes.add(entry.value.position, f"The parameter `{entry.key[:60]}` has no type",
                     "add `type:` and one of " + ", ".join(ParameterType))  # fmt: skip
        return None
    kind = keys.one_of("type", ParameterType, _SYNONYMS)
    if kind is None:
        return None
    of = keys.one_of("of", ELEMENT_TYPES, _SYNONYMS)
    options, options_query = _options(keys)
    parameter = Parameter(
        name=entry.key,
        type=ParameterType(kind),
        label=keys.text("label", longest=200) or entry.key.replace("_", " ").capitalize(),
        options=options,
        options_query=options_query,
        of=ParameterType(of) if of else ParameterType.TEXT,
        minimum=keys.number("min"),
        maximum=keys.number("max"),
        position=entry.position,
    )
    _check_fit(parameter, keys, entry.position)
    return _with_default(parameter, keys)


def _check_fit(parameter: Parameter, keys: Keys, position: Position) -> None:
    """Keys that make sense for some types only, or together only."""
    add = keys.mistakes.add
    if parameter.type is ParameterType.CHOICE and "options" not in keys:
        add(position, "A choice needs `options`", "a list, or a `select` whose first column is the value and second the label")
    if "options" in keys and parameter.type not in (ParameterType.CHOICE, ParameterType.LIST):
        add(
            keys.entries["options"].position,
            f"`options` belong to a choice or a list, not to a {parameter.type}",
            "write `type: choice`",
        )
    if "of" in keys and parameter.type is not ParameterType.LIST:
        add(keys.entries["of"].position, "`of` is the type of a list's elements", "write `type: list`, or remove `of`")
    for key in ("min", "max"):
        if key in keys and parameter.type is not ParameterType.NUMBER:
            add(keys.entries[key].position, f"`{key}` belongs to a number, not to a {parameter.type}", f"remove `{key}`")
    if parameter.minimum is not None and parameter.maximum is not None and parameter.minimum > parameter.maximum:
        add(keys.position("min", position), "`min` is larger than `max`", "swap them")


def _options(keys: Keys) -> tuple[tuple[Option, ...], str | None]:
    node = keys.node("options")
    if node is None:
        return (), None
    if isinstance(node, ScalarNode) and isinstance(node.value, str) and node.text.strip():
        return (), _options_query(node, keys.mistakes)
    if isinstance(node, ListNode) and node.items:
        if len(node.items) > MOST_OPTIONS:
            keys.mistakes.add(
                node.items[MOST_OPTIONS].position, f"At most {MOST_OPTIONS:,} options", "use a `select` for that many"
            )
        options = tuple(option for item in node.items[:MOST_OPTIONS] if (option := _option(item, keys.mistakes)))
        seen: dict[str, Option] = {}
        for option, item in zip(options, node.items, strict=False):
            if seen.setdefault(values.to_text(option.value), option) is not option:
                keys.mistakes.add(
                    item.position, f"The option `{values.to_text(option.value)[:60]}` stands here twice", "remove one"
                )
        return options, None
    keys.mistakes.add(node.position, f"`options` must be a list or a `select`, not {name_of(node)}", "write `options: [a, b]`")
    return (), None


def _options_query(node: ScalarNode, mistakes: Mistakes) -> str:
    check_sql(Fragment(node.text, node.position.line, first_column=node.position.column), mistakes)
    for placeholder in placeholders.find(node.text):
        if not placeholder.is_attribute:
            mistakes.add(node.position, f"`:{placeholder.name[:60]}`: options cannot depend on another parameter",
                         "only on attributes as `:user.NAME`")  # fmt: skip
    return node.text


def _option(node: Node, mistakes: Mistakes) -> Option | None:
    if isinstance(node, ScalarNode) and node.value is not None:
        return Option(node.value, node.text)
    if isinstance(node, MapNode):
        keys = Keys(node.entries, OPTION_KEYS, "an option", mistakes)
        value = keys.node("value")
        if isinstance(value, ScalarNode) and value.value is not None:
            return Option(value.value, keys.text("label", longest=200) or value.text)
    mistakes.add(node.position, "An option is a value or {value: …, label: …}", "write `options: [a, b]`")
    return None


def _with_default(parameter: Parameter, keys: Keys) -> Parameter:
    node = keys.node("default")
    if node is None:
        match parameter.type:
            case ParameterType.LIST:
                return msgspec.structs.replace(parameter, default=[])
            case ParameterType.BOOLEAN:
                return msgspec.structs.replace(parameter, default=False)
            case _:
                return msgspec.structs.replace(parameter, required=True)
    if isinstance(node, ScalarNode) and node.value is None:
        return parameter if parameter.type is not ParameterType.LIST else msgspec.structs.replace(parameter, default=[])
    if parameter.type is ParameterType.LIST:
        return msgspec.structs.replace(parameter, default=_list_default(parameter, node, keys.mistakes))
    if parameter.type is ParameterType.DATE and isinstance(node, ScalarNode) and values.is_relative(node.text):
        return msgspec.structs.replace(parameter, default_expression=node.text.strip())
    return msgspec.structs.replace(parameter, default=_default(parameter, parameter.type, node, keys.mistakes))


def _list_default(parameter: Parameter, node: Node, mistakes: Mistakes) -> Value:
    if not isinstance(node, ListNode):
        mistakes.add(node.position, f"The default of a list must be a list, not {name_of(node)}", "write `default: []`")
        return []
    if len(node.items) > values.LONGEST_LIST:
        mistakes.add(node.position, f"A list may have at most {values.LONGEST_LIST:,} elements")
        return []
    return [_default(parameter, parameter.of, item, mistakes) for item in node.items]


def _default(parameter: Parameter, kind: ParameterType, node: Node, mistakes: Mistakes) -> Value:
    if not isinstance(node, ScalarNode):
        mistakes.add(node.position, f"The default must be a single value, not {name_of(node)}", "write `default: value`")
        return None
    if parameter.options:
        for option in parameter.options:
            if values.to_text(option.value) == node.text or option.value == node.value:
                return option.value  # type: ignore[no-any-return]
        mistakes.add(node.position, f"The default `{node.text[:60]}` is not among the options",
                     did_you_mean(node.text, [values.to_text(option.value) for option in parameter.options]))  # fmt: skip
        return None
    try:
        value = values.from_plain(kind, node.text if kind is ParameterType.TEXT else node.value)
    except ValueError as error:
        hint = _DEFAULT_HINTS.get(kind, "write a short text")
        mistakes.add(node.position, f"The default {error}", hint)
        return None
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and parameter.type is ParameterType.NUMBER:
        low, high = parameter.minimum, parameter.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            mistakes.add(node.position, f"The default {value} is outside `min` and `max`", "change one of them")
    return value
