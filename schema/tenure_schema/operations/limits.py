"""The limits of an operation: depth, aliases, directives and root fields, with its fragments expanded.

Each fragment is counted once, and its counts are reused wherever it is spread. A chain of fragments that
doubles with each link is therefore counted in linear time. Recursive fragments are rejected before, by the
validation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
    """The counts of a selection with its fragments expanded.

    Args:
        depth: The nesting of fields.
        fields: The number of fields at the top level.
        aliases: The number of aliases at all levels.
        directives: The number of directives at all levels.
    """

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0

    def add(self, other: Counts) -> Counts:
        """Return the counts of both selections side by side."""
        return Counts(
            max(self.depth, other.depth),
            self.fields + other.fields,
            self.aliases + other.aliases,
            self.directives + other.directives,
        )


@dataclass
class _Counter:
    fragments: Mapping[str, FragmentDefinitionNode]
    fragment_counts: dict[str, Counts] = field(default_factory=dict)

    def count(self, selections: SelectionSetNode | None) -> Counts:
        total = Counts()
        for node in selections.selections if selections else ():
            counts = self._count_node(node)
            total = total.add(replace(counts, directives=counts.directives + len(node.directives or ())))
        return total

    def _count_node(self, node: SelectionNode) -> Counts:
        if isinstance(node, FieldNode):
            inner = self.count(node.selection_set)
            depth = 0 if node.name.value.startswith("__") else inner.depth + 1
            return Counts(depth, 1, inner.aliases + bool(node.alias), inner.directives)
        if isinstance(node, InlineFragmentNode):
            return self.count(node.selection_set)
        return self._count_fragment(cast(FragmentSpreadNode, node).name.value)

    def _count_fragment(self, name: str) -> Counts:
        if name not in self.fragment_counts:
            self.fragment_counts[name] = self.count(self.fragments[name].selection_set)
        return self.fragment_counts[name]


def check_limits(document: DocumentNode, settings: Settings) -> None:
    """Check every operation of a valid document.

    Raises:
        RequestTooLargeError: An operation exceeds a limit; the message states the limit and its setting.
    """
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    counter = _Counter(fragments)
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            _check_operation(node, counter.count(node.selection_set), settings)


def _check_operation(node: OperationDefinitionNode, counts: Counts, settings: Settings) -> None:
    is_mutation = node.operation is OperationType.MUTATION
    max_fields = settings.max_mutations if is_mutation else settings.max_root_fields
    _check("depth", counts.depth, settings.max_depth, "max_depth")
    _check("aliases", counts.aliases, settings.max_aliases, "max_aliases")
    _check("directives", counts.directives, settings.max_directives, "max_directives")
    _check("root fields", counts.fields, max_fields, "max_mutations" if is_mutation else "max_root_fields")


def _check(label: str, count: int, limit: int, setting: str) -> None:
    if count > limit:
        raise RequestTooLargeError(
            f"The operation exceeds the limit of {label}: {count}; at most {limit} are allowed.",
            f"Split the operation; an operator can raise TENURE_{setting.upper()}.",
        )
