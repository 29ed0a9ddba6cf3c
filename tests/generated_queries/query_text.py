"""The text of arguments in GraphQL: literals, and sometimes variables."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
)

Chance = Callable[[int], bool]


class ArgumentWriter:
    """Writes the arguments of one operation, and collects its variables.

    Args:
        chance: Draws true once in the given number of times.
    """

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self.declared: list[str] = []
        self.values: dict[str, Any] = {}

    def arguments(self, types: dict[str, Any], values: dict[str, Any]) -> str:
        """Return the arguments of a field, in parentheses."""
        arguments = [f"{name}: {self.value(types[name].type, value)}" for name, value in values.items()]
        return f"({', '.join(arguments)})" if arguments else ""

    def declarations(self) -> str:
        """Return the variable definitions of the operation, in parentheses."""
        return f"({', '.join(self.declared)})" if self.declared else ""

    def variable(self, type_: Any, value: Any) -> str:
        """Return a new variable whose value is sent with the query or is its default."""
        name = f"v{len(self.declared)}"
        if self._chance(5) and (constant := _constant(type_, value)) is not None:
            self.declared.append(f"${name}: {type_} = {constant}")
        else:
            self.declared.append(f"${name}: {type_}")
            self.values[name] = value
        return f"${name}"

    def value(self, type_: Any, value: Any) -> str:
        """Return a value as a literal, or as a variable."""
        if self._chance(6):
            return self.variable(type_, value)
        type_ = get_nullable_type(type_)
        if value is None:
            return "null"
        if is_list_type(type_):
            return self._list(type_, value)
        if isinstance(type_, GraphQLInputObjectType):
            return self._object(type_, value)
        return _scalar(type_, value, self)

    def _list(self, type_: Any, value: list[Any]) -> str:
        items = [self.value(type_.of_type, item) for item in value]
        # GraphQL coerces a single literal to a list, but not a variable.
        if len(items) == 1 and not items[0].startswith(("$", "[")) and self._chance(3):
            return items[0]
        return f"[{', '.join(items)}]"

    def _object(self, type_: GraphQLInputObjectType, value: dict[str, Any]) -> str:
        entries = [f"{name}: {self.value(type_.fields[name].type, inner)}" for name, inner in value.items()]
        omitted = [n for n, f in type_.fields.items() if n not in value and not is_non_null_type(f.type)]
        if omitted and self._chance(12):
            entries.append(f"{omitted[0]}: {self._variable_without_value(type_.fields[omitted[0]].type)}")
        return f"{{{', '.join(entries)}}}"

    def _variable_without_value(self, type_: Any) -> str:
        """Return a variable without a value: the server ignores the input field."""
        name = f"v{len(self.declared)}"
        self.declared.append(f"${name}: {type_}")
        return f"${name}"


def _constant(type_: Any, value: Any) -> str | None:
    """Return the literal of a default value; None for null, and for JSON with keys that need a variable."""
    writer = ArgumentWriter(lambda one_in: False)
    literal = writer.value(type_, value)
    return None if value is None or writer.declared else literal


def _scalar(type_: Any, value: Any, writer: ArgumentWriter) -> str:
    named = get_named_type(type_)
    if isinstance(named, GraphQLEnumType):
        return str(value)
    if named.name == "JSON":
        return _json(named, value, writer)
    return json.dumps(value, ensure_ascii=False)


def _json(type_: Any, value: Any, writer: ArgumentWriter) -> str:
    if isinstance(value, dict):
        if not all(re.fullmatch("[A-Za-z]+", key) for key in value):
            return writer.variable(type_, value)
        entries = ", ".join(f"{key}: {writer.value(type_, inner)}" for key, inner in value.items())
        return f"{{{entries}}}"
    if isinstance(value, list):
        return f"[{', '.join(writer.value(type_, inner) for inner in value)}]"
    return json.dumps(value, ensure_ascii=False)
