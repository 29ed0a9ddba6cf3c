"""Naming: what a plugin adds to the schema is called and described as the platform's own parts are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from graphql import (
    DefinitionNode,
    EnumTypeDefinitionNode,
    EnumTypeExtensionNode,
    FieldDefinitionNode,
    InputValueDefinitionNode,
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    TypeDefinitionNode,
)

from tenure_sdk.conformance.checks.naming_words import FIELD_VERBS, ROOT_VERBS, WHOLE_WORDS
from tenure_sdk.conformance.fixtures.added_schema import AddedSchema
from tenure_sdk.conformance.report import Finding

CHECK = "naming"

CAMEL_CASE = re.compile(r"[a-z][a-zA-Z0-9]*")
PASCAL_CASE = re.compile(r"[A-Z][a-zA-Z0-9]*")
UPPER_CASE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")

Described = TypeDefinitionNode | FieldDefinitionNode | InputValueDefinitionNode


def check_names(additions: AddedSchema) -> list[Finding]:
    """Return a finding for each name that breaks a rule, and for each thing without a description.

    A name that turns up in several places, as a field does in filters and inputs, is told of once.
    """
    found: dict[tuple[str, str], Finding] = {}
    for one in sorted(additions.document.definitions, key=_objects_first):
        for name, finding in _of_definition(one, additions):
            found.setdefault((name, finding.what), finding)
    return list(found.values())


def _objects_first(one: DefinitionNode) -> bool:
    return not isinstance(one, ObjectTypeDefinitionNode | ObjectTypeExtensionNode)


def _of_definition(one: DefinitionNode, additions: AddedSchema) -> Iterator[tuple[str, Finding]]:
    name: str = one.name.value  # type: ignore[attr-defined]  # all of them are types and extensions
    if isinstance(one, TypeDefinitionNode):
        yield from _described(one, name)
        if not PASCAL_CASE.fullmatch(name):
            yield _found(name, name, "The name is not in PascalCase.", "Rename the class.")
    if isinstance(one, EnumTypeDefinitionNode | EnumTypeExtensionNode):
        for value in one.values or ():
            yield from _of_value(name, value.name.value)
    else:
        for field in getattr(one, "fields", None) or ():
            yield from _of_field(name, field, field.name.value in additions.own.get(name, ()))


def _of_value(owner: str, name: str) -> Iterator[tuple[str, Finding]]:
    if not UPPER_CASE.fullmatch(name):
        yield _found(name, f"{owner}.{name}", "The name is not in UPPER_CASE.", "Rename the value.")


def _of_field(
    owner: str, field: FieldDefinitionNode | InputValueDefinitionNode, own: bool
) -> Iterator[tuple[str, Finding]]:
    name = field.name.value
    where = f"{owner}.{name}"
    yield from _described(field, where)
    yield from _cased(name, where)
    if isinstance(field, FieldDefinitionNode):
        yield from _noun_first(name, where, ROOT_VERBS if own else FIELD_VERBS, owner == "Mutation")
        for argument in field.arguments or ():
            yield from _described(argument, f"{where}({argument.name.value})")
            yield from _cased(argument.name.value, f"{where}({argument.name.value})")


def _described(one: Described, where: str) -> Iterator[tuple[str, Finding]]:
    if one.description is None or one.description.value.strip() in ("", one.name.value):
        yield _found(where, where, "It has no description.", "Say in a sentence what it is.")


def _cased(name: str, where: str) -> Iterator[tuple[str, Finding]]:
    if not CAMEL_CASE.fullmatch(name):
        yield _found(
            name, where, "The name is not in camelCase.", "Rename it; in Python it is written in snake_case."
        )
    for word in WORD.findall(name):
        if whole := WHOLE_WORDS.get(word.lower()):
            yield _found(name, where, f"The name is cut short at `{word}`.", f"Write `{whole}`.")


def _noun_first(
    name: str, where: str, verbs: frozenset[str], mutation: bool
) -> Iterator[tuple[str, Finding]]:
    first, *rest = WORD.findall(name) or [name]
    if first in verbs and (rest or mutation):
        mend = "Put the noun first: `carCreate`." if mutation else "Call it by what it is: `cars`."
        yield _found(name, where, f"The name begins with the verb `{first}`.", mend)


def _found(name: str, where: str, what: str, mend: str) -> tuple[str, Finding]:
    return name, Finding(CHECK, where, what, mend)
