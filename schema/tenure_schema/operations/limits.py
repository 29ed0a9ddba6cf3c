"""Limits: how deep and how broad an operation may be, counted as if its fragments were written out.

Each fragment is counted once and its counts are used wherever it is spread, so that a chain of fragments that
doubles at every link costs no more to count than it is long. Fragments that contain themselves are for
validation, which runs first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
)

from tenure_core.errors import RequestTooLargeError
from tenure_core.settings import Settings


@dataclass(frozen=True, slots=True)
class Counts:
    """What a selection holds when its fragments are written out.

    Args:
        depth: Nesting of fields.
        fields: Fields directly in it.
        aliases: Aliases anywhere in it.
        directives: Directives anywhere in it.
    """

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0

    def beside(self, other: Counts) -> Counts:
        """Return the counts of both, one after the other."""
        return Counts(
            max(self.depth, other.depth),
            self.fields + other.fields,
            self.aliases + other.aliases,
            self.directives + other.directives,
        )


@dataclass
class _Counter:
    fragments: dict[str, FragmentDefinitionNode]
    known: dict[str, Counts] = field(default_factory=dict)

    def selection(self, selections: SelectionSetNode | None) -> Counts:
        total = Counts()
        for child in selections.selections if selections else ():
            counts = self._child(child)
            total = total.beside(
                Counts(
                    counts.depth,
                    counts.fields,
                    counts.aliases,
                    counts.directives + len(child.directives or ()),
                )
            )
        return total

    def _child(self, node: SelectionNode) -> Counts:
        if isinstance(node, FieldNode):
            inner = self.selection(node.selection_set)
            depth = 0 if node.name.value.startswith("__") else inner.depth + 1
            return Counts(depth, 1, inner.aliases + bool(node.alias), inner.directives)
        if isinstance(node, InlineFragmentNode):
            return self.selection(node.selection_set)
        return self._fragment(cast(FragmentSpreadNode, node).name.value)

    def _fragment(self, name: str) -> Counts:
        if name not in self.known:
            self.known[name] = self.selection(self.fragments[name].selection_set)
        return self.known[name]


def check_limits(document: DocumentNode, settings: Settings) -> None:
    """Check every operation of a valid document.

    Raises:
        RequestTooLargeError: One is too deep or too broad; the message names the limit and its setting.
    """
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    counter = _Counter(fragments)
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            counts = counter.selection(operation.selection_set)
            writes = operation.operation is OperationType.MUTATION
            _check("depth", counts.depth, settings.max_depth, "max_depth")
            _check("aliases", counts.aliases, settings.max_aliases, "max_aliases")
            _check("directives", counts.directives, settings.max_directives, "max_directives")
            name = "max_mutations" if writes else "max_root_fields"
            _check(
                "root fields",
                counts.fields,
                settings.max_mutations if writes else settings.max_root_fields,
                name,
            )


def _check(what: str, count: int, limit: int, setting: str) -> None:
    if count > limit:
        hint = f"Split it, or have TENURE_{setting.upper()} raised."
        raise RequestTooLargeError(f"The operation's {what}: {count}; at most {limit} are allowed.", hint)
