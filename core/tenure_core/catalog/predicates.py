"""Predicates on the rows of an entity, resolved against the catalog and without the values of a request.

A predicate is an immutable, hashable value. Filters are planned to predicates, grants contain them, and
`tenure_core.query.sql.conditions` renders them as SQL. A value is a parameter: `Param` for a value of the
request, `ActorParam` for a property of the caller. Therefore callers with equal grants share plans and
statements.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.catalog.computed_fields import AnyColumn
from tenure_core.catalog.fields import Relation
from tenure_core.entities.scalar_types import ScalarType


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of a statement whose value comes from the request.

    Args:
        index: Position among the values of the request, from 0.
        scalar_type: Scalar type of the value.
        many: Whether the value is a list.
    """

    index: int
    scalar_type: ScalarType
    many: bool = False


class ActorParam(StrEnum):
    """A parameter of a statement whose value is a property of the caller; the value is its name."""

    TENANT = "tenant"
    ID = "actor_id"
    NAME = "actor_name"
    ROLE = "actor_role"
    ORIGIN = "actor_origin"


@dataclass(frozen=True, slots=True)
class Compare:
    """Compares a column with a parameter by a filter operator, such as "eq"."""

    column: AnyColumn
    operator: str
    param: Param | ActorParam


@dataclass(frozen=True, slots=True)
class CompareJson:
    """Compares the value at a path inside a JSON column with a parameter."""

    column: AnyColumn
    path: Param
    operator: str
    param: Param


@dataclass(frozen=True, slots=True)
class IsNull:
    """All of the columns are null if `empty` is true, or at least one is not null if it is false."""

    columns: tuple[AnyColumn, ...]
    empty: bool


@dataclass(frozen=True, slots=True)
class JsonIsNull:
    """The value at a path inside a JSON column is missing or null, or the opposite if `empty` is false."""

    column: AnyColumn
    path: Param
    empty: bool


@dataclass(frozen=True, slots=True)
class Search:
    """The record's search columns match all words of a full-text query."""

    words: Param


@dataclass(frozen=True, slots=True)
class RelationMatch:
    """Some, none or every related record fulfills a condition.

    Args:
        relation: The relation, to-one or to-many.
        entity: The entity of the related records.
        quantifier: "some", "none" or "every".
        scope: The related records that are considered; see `tenure_core.access.visibility`.
        condition: The condition on each of them.
    """

    relation: Relation
    entity: EntityInfo
    quantifier: str
    scope: Predicate
    condition: Predicate


@dataclass(frozen=True, slots=True)
class ExternalRefMatch:
    """Some, none or every external reference of a record fulfills a condition.

    Args:
        entity: The record's entity.
        quantifier: "some", "none" or "every".
        condition: The condition on each external reference.
    """

    entity: EntityInfo
    quantifier: str
    condition: Predicate


@dataclass(frozen=True, slots=True)
class And:
    """All parts are true. Without parts, it is true."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part is true. Without parts, it is false."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part is false or null."""

    part: Predicate


Predicate = (
    Compare | CompareJson | IsNull | JsonIsNull | Search | RelationMatch | ExternalRefMatch | And | Or | Not
)

ALL_ROWS = And(())
NO_ROWS = Or(())


def all_of(*parts: Predicate) -> Predicate:
    """Return the conjunction of the parts, without nested conjunctions."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, And) else (part,))]
    return flat[0] if len(flat) == 1 else And(tuple(flat))
