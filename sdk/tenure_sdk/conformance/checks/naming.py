"""Guarantee: names and descriptions that the plugin adds to the schema follow the rules of the platform."""

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

from tenure_sdk.conformance.checks.naming_words import ABBREVIATIONS, FIELD_VERBS, ROOT_FIELD_VERBS
from tenure_sdk.conformance.fixtures.added_schema import AddedSchema
from tenure_sdk.conformance.report import Check, Finding

CHECK = Check("naming", "names and descriptions in the schema")

CAMEL_CASE = re.compile(r"[a-z][a-zA-Z0-9]*")
PASCAL_CASE = re.compile(r"[A-Z][a-zA-Z0-9]*")
UPPER_CASE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")

DescribedNode = TypeDefinitionNode | FieldDefinitionNode | InputValueDefinitionNode

NamedFinding = tuple[str, Finding]
"""A finding with the name that it is about."""


def check_names(additions: AddedSchema) -> list[Finding]:
    """Return a finding for each name that violates a rule, and for each missing description.

    A name that occurs in several places, such as a field and its filter and input, is reported once.
    """
    findings: dict[tuple[str, str], Finding] = {}
    for definition in sorted(additions.document.definitions, key=_is_not_object_type):
        for name, finding in _check_definition(definition, additions):
            findings.setdefault((name, finding.message), finding)
    return list(findings.values())


def _is_not_object_type(definition: DefinitionNode) -> bool:
    return not isinstance(definition, ObjectTypeDefinitionNode | ObjectTypeExtensionNode)


def _check_definition(definition: DefinitionNode, additions: AddedSchema) -> Iterator[NamedFinding]:
    name: str = definition.name.value  # type: ignore[attr-defined]  # all definitions are types or extensions
    if isinstance(definition, TypeDefinitionNode):
        yield from _check_description(definition, name)
        if not PASCAL_CASE.fullmatch(name):
            yield _finding(name, name, "The name is not in PascalCase.", "Rename the class.")
    if isinstance(definition, EnumTypeDefinitionNode | EnumTypeExtensionNode):
        for value in definition.values or ():
            yield from _check_enum_value(name, value.name.value)
    else:
        for field in getattr(definition, "fields", None) or ():
            yield from _check_field(name, field, field.name.value in additions.own.get(name, ()))


def _check_enum_value(owner: str, name: str) -> Iterator[NamedFinding]:
    if not UPPER_CASE.fullmatch(name):
        yield _finding(name, f"{owner}.{name}", "The name is not in UPPER_CASE.", "Rename the value.")


def _check_field(
    owner: str, field: FieldDefinitionNode | InputValueDefinitionNode, is_root_field: bool
) -> Iterator[NamedFinding]:
    name = field.name.value
    where = f"{owner}.{name}"
    yield from _check_description(field, where)
    yield from _check_words(name, where)
    if isinstance(field, FieldDefinitionNode):
        verbs = ROOT_FIELD_VERBS if is_root_field else FIELD_VERBS
        yield from _check_first_word(name, where, verbs, owner == "Mutation")
        for argument in field.arguments or ():
            yield from _check_description(argument, f"{where}({argument.name.value})")
            yield from _check_words(argument.name.value, f"{where}({argument.name.value})")


def _check_description(node: DescribedNode, where: str) -> Iterator[NamedFinding]:
    if node.description is None or node.description.value.strip() in ("", node.name.value):
        yield _finding(where, where, "The description is missing.", "Add a description of one sentence.")


def _check_words(name: str, where: str) -> Iterator[NamedFinding]:
    if not CAMEL_CASE.fullmatch(name):
        hint = "Rename it; use snake_case in Python."
        yield _finding(name, where, "The name is not in camelCase.", hint)
    for word in WORD.findall(name):
        if full_word := ABBREVIATIONS.get(word.lower()):
            message = f"The name contains the abbreviation `{word}`."
            yield _finding(name, where, message, f"Use the full word `{full_word}`.")


def _check_first_word(
    name: str, where: str, verbs: frozenset[str], is_mutation: bool
) -> Iterator[NamedFinding]:
    first, *rest = WORD.findall(name) or [name]
    if first in verbs and (rest or is_mutation):
        hint = "Put the noun first: `carCreate`." if is_mutation else "Use a noun: `cars`."
        yield _finding(name, where, f"The name begins with the verb `{first}`.", hint)


def _finding(name: str, where: str, message: str, hint: str) -> NamedFinding:
    return name, CHECK.finding(where, message, hint)
