"""Conditions: what a filter means, resolved against the catalog, without any of its values."""

from __future__ import annotations

from dataclasses import dataclass

from tenure_core.catalog.catalog import EntityInfo, ToMany, ToOne
from tenure_core.catalog.computed_fields import AnyColumn
from tenure_core.entities.scalar_types import ScalarType


@dataclass(frozen=True, slots=True)
class Param:
    """The place of a value: its number among the statement's values.

    Args:
        index: Its number, from 0.
        kind: What is bound there.
        many: Whether a list of them is bound.
    """

    index: int
    kind: ScalarType
    many: bool = False


TENANT = -1
"""The number of the tenant's place: every scope of every statement compares it."""


@dataclass(frozen=True, slots=True)
class Compare:
    """A column against a value, by one of the operators of a filter."""

    column: AnyColumn
    operator: str
    param: Param


@dataclass(frozen=True, slots=True)
class CompareJson:
    """A place inside a JSON column against a value."""

    column: AnyColumn
    path: Param
    operator: str
    param: Param


@dataclass(frozen=True, slots=True)
class IsNull:
    """Whether all of the columns are empty, or not all of them."""

    columns: tuple[AnyColumn, ...]
    empty: bool


@dataclass(frozen=True, slots=True)
class JsonIsNull:
    """Whether a place inside a JSON column is missing or null."""

    column: AnyColumn
    path: Param
    empty: bool


@dataclass(frozen=True, slots=True)
class Search:
    """Whether the record's search columns hold the words."""

    words: Param


@dataclass(frozen=True, slots=True)
class RelationMatch:
    """Whether some, none or every one of the related records fulfils a condition.

    Args:
        relation: The relation, to one or to many.
        entity: What is on its other side.
        quantifier: "some", "none" or "every".
        scope: Which of the related records count at all.
        condition: What they must fulfil.
    """

    relation: ToOne | ToMany
    entity: EntityInfo
    quantifier: str
    scope: Predicate
    condition: Predicate


@dataclass(frozen=True, slots=True)
class ExternalRefMatch:
    """Whether some, none or every one of a record's keys in other systems fulfils a condition.

    Args:
        entity: Whose record.
        quantifier: "some", "none" or "every".
        condition: What the keys must fulfil.
    """

    entity: EntityInfo
    quantifier: str
    condition: Predicate


@dataclass(frozen=True, slots=True)
class And:
    """All of the parts hold; true where there are none."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One of the parts holds at least; false where there are none."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold: an unknown counts as no."""

    part: Predicate


Predicate = (
    Compare | CompareJson | IsNull | JsonIsNull | Search | RelationMatch | ExternalRefMatch | And | Or | Not
)
