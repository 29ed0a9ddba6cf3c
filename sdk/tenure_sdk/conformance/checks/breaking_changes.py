"""Releases: what clients of the plugin's last release could ask is still answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from graphql import GraphQLError, extend_schema, find_breaking_changes, parse
from graphql import build_schema as build_graphql

from tenure_core.entities.naming import camel_case
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_sdk.conformance.fixtures.added_schema import AddedSchema
from tenure_sdk.conformance.fixtures.plugin_files import path_beside
from tenure_sdk.conformance.report import Finding

CHECK = "releases"

FILE = "schema.graphql"
"""What the plugin's last release added to the schema, beside the module that holds its hooks."""

MEMBER = re.compile(r"\b\w+\.(\w+)")


def released_file(plugin: LoadedPlugin) -> Path | None:
    """Return where a plugin keeps the schema of its last release; None where it is no module in a file."""
    return path_beside(plugin, FILE)


def check_breaking_changes(plugin: LoadedPlugin, additions: AddedSchema) -> Iterator[Finding]:
    """Yield a finding for each change that breaks clients of the last release.

    A field that went from a type went from its filters, inputs and aggregates, too: that is told of once.
    """
    file = released_file(plugin)
    update = f"`tenure plugin check {plugin.name} --update-schema`"
    if file is None or not (file.exists() or additions.adds):
        return
    if not file.exists():
        yield Finding(CHECK, FILE, "The schema of the last release is not kept.", f"Write it with {update}.")
        return
    try:
        base, text = build_graphql(additions.base), file.read_text()
        released = extend_schema(base, parse(text)) if text.strip() else base
    except (GraphQLError, TypeError) as error:
        what = f"The schema of the last release can't be read: {error}."
        yield Finding(CHECK, FILE, " ".join(what.split()), f"Write it anew with {update}.")
        return
    mend = f"Keep what clients use beside the new; or release a new major version, and call {update}."
    found: dict[str, Finding] = {}
    changes = find_breaking_changes(released, additions.schema)
    for what in sorted((change.description for change in changes), key=len):
        found.setdefault(_member(what), Finding(CHECK, FILE, what, mend))
    yield from found.values()


def _member(what: str) -> str:
    """Return the field or value that a change is about, as fields are called; else the change itself."""
    named = MEMBER.search(what)
    return camel_case(named[1].lower() if named[1].isupper() else named[1]) if named else what


def update(plugin: LoadedPlugin, additions: AddedSchema) -> Path | None:
    """Keep what a plugin adds to the schema as that of its last release, and return where."""
    file = released_file(plugin)
    if file is not None:
        file.write_text(additions.text)
    return file
