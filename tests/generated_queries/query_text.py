"""The text of questions: arguments as GraphQL writes them, now and then as a variable."""

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


class Writer:
    """Writes the arguments of one operation, and keeps its variables.

    Args:
        chance: Draws true once in so many times.
    """

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self.declared: list[str] = []
        self.values: dict[str, Any] = {}

    def arguments(self, types: dict[str, Any], given: dict[str, Any]) -> str:
        """Return arguments as they stand behind a field's name."""
        written = [f"{name}: {self.value(types[name].type, value)}" for name, value in given.items()]
        return f"({', '.join(written)})" if written else ""

    def declarations(self) -> str:
        """Return the variables as they stand behind an operation's name."""
        return f"({', '.join(self.declared)})" if self.declared else ""

    def variable(self, type_: Any, value: Any) -> str:
        """Return a new variable with a value, given with the question or as its default."""
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
        written = [self.value(type_.of_type, one) for one in value]
        # A single value stands for a list of it; but a variable has to be of the list's own type.
        if len(written) == 1 and not written[0].startswith(("$", "[")) and self._chance(3):
            return written[0]
        return f"[{', '.join(written)}]"

    def _object(self, type_: GraphQLInputObjectType, value: dict[str, Any]) -> str:
        written = [f"{name}: {self.value(type_.fields[name].type, inner)}" for name, inner in value.items()]
        left_out = [n for n, f in type_.fields.items() if n not in value and not is_non_null_type(f.type)]
        if left_out and self._chance(12):
            written.append(f"{left_out[0]}: {self._absent(type_.fields[left_out[0]].type)}")
        return f"{{{', '.join(written)}}}"

    def _absent(self, type_: Any) -> str:
        """A variable that the request leaves out, which leaves the entry out, too."""
        name = f"v{len(self.declared)}"
        self.declared.append(f"${name}: {type_}")
        return f"${name}"


def _constant(type_: Any, value: Any) -> str | None:
    """A value as a default; None where there is none, or where it holds a key that no literal can have."""
    writer = Writer(lambda one_in: False)
    written = writer.value(type_, value)
    return None if value is None or writer.declared else written


def _scalar(type_: Any, value: Any, writer: Writer) -> str:
    named = get_named_type(type_)
    if isinstance(named, GraphQLEnumType):
        return str(value)
    if named.name == "JSON":
        return _json(named, value, writer)
    return json.dumps(value, ensure_ascii=False)


def _json(type_: Any, value: Any, writer: Writer) -> str:
    if isinstance(value, dict):
        if not all(re.fullmatch("[A-Za-z]+", key) for key in value):
            return writer.variable(type_, value)
        written = ", ".join(f"{key}: {writer.value(type_, inner)}" for key, inner in value.items())
        return f"{{{written}}}"
    if isinstance(value, list):
        return f"[{', '.join(writer.value(type_, inner) for inner in value)}]"
    return json.dumps(value, ensure_ascii=False)
