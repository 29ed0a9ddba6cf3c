"""Guarantee: operations of clients that work with the plugin's last release continue to work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from graphql import GraphQLError, GraphQLSchema, extend_schema, find_breaking_changes, parse
from graphql import build_schema as build_graphql

from tenure_core.entities.naming import camel_case
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_sdk.conformance.fixtures.added_schema import AddedSchema
from tenure_sdk.conformance.fixtures.plugin_files import path_beside
from tenure_sdk.conformance.report import Check, Finding

FILE = "schema.graphql"
"""The schema that the plugin's last release added, in the folder of the module with its hooks."""

CHECK = Check("compatibility", f"with the last release, {FILE}")

MEMBER = re.compile(r"\b\w+\.(\w+)")


def released_schema_path(plugin: LoadedPlugin) -> Path | None:
    """Return the path of the schema of the last release; None if the plugin is not a module in a file."""
    return path_beside(plugin, FILE)


def update_released_schema(plugin: LoadedPlugin, additions: AddedSchema) -> Path | None:
    """Store the schema that the plugin adds as the schema of the last release, and return the path."""
    file = released_schema_path(plugin)
    if file is not None:
        file.write_text(additions.text)
    return file


def check_breaking_changes(plugin: LoadedPlugin, additions: AddedSchema) -> Iterator[Finding]:
    """Yield a finding for each change since the last release that breaks clients.

    A field of an entity is also part of filters, inputs and aggregates. If it was removed from all of them,
    this is one finding.
    """
    file = released_schema_path(plugin)
    update_command = f"`tenure plugin check {plugin.name} --update-schema`"
    if file is None or not (file.exists() or additions.adds):
        return
    if not file.exists():
        message = "The schema of the last release is missing."
        yield CHECK.finding(FILE, message, f"Create the file with {update_command}.")
        return
    try:
        released = _build_released_schema(additions.base, file.read_text())
    except (GraphQLError, TypeError) as error:
        message = " ".join(f"The schema of the last release is invalid: {error}.".split())
        yield CHECK.finding(FILE, message, f"Replace the file with {update_command}.")
        return
    hint = f"Keep what clients use; or release a new major version and run {update_command}."
    for message in _breaking_changes(released, additions.schema):
        yield CHECK.finding(FILE, message, hint)


def _build_released_schema(base: str, text: str) -> GraphQLSchema:
    schema = build_graphql(base)
    return extend_schema(schema, parse(text)) if text.strip() else schema


def _breaking_changes(released: GraphQLSchema, current: GraphQLSchema) -> Iterator[str]:
    """Yield the descriptions of breaking changes, one for each field or value."""
    changes: dict[str, str] = {}
    descriptions = (change.description for change in find_breaking_changes(released, current))
    for description in sorted(descriptions, key=len):
        changes.setdefault(_changed_member(description), description)
    yield from changes.values()


def _changed_member(description: str) -> str:
    """Return the changed field or value, as a field name; the whole description if there is none."""
    member = MEMBER.search(description)
    if member is None:
        return description
    return camel_case(member[1].lower() if member[1].isupper() else member[1])
