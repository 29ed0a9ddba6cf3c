"""The classes of fields that an entity can have, and the protocol that a class implements.

A class of field is a subclass of `Field`, or of `Relation` or `ToOneRelation` for relations. Code that
works on fields calls the functions below, and does not know the classes. Each function is defined in the
layer that needs the answer; all but the methods are `functools.singledispatch` functions, so that a
subclass inherits the implementation of its base class. A new class registers an implementation of the
functions whose default does not fit it. An example is in `tests/core/catalog/test_fields.py`.

| function | returns | default |
|---|---|---|
| `Field.stored_form` | the columns that store the value | not stored |
| `Field.default_value` | the value in a new record if the client gives none | no default |
| `Relation.join_condition`, `ToOneRelation.source_columns` | how the other record is joined | (required) |
| `catalog.field_paths.list_own_paths` | the paths to sort and group by, within the record | none |
| `catalog.field_paths.list_related_paths` | the paths to sort and group by, in a related record | none |
| `catalog.field_paths.find_record_path` | the path to group by a related record | none |
| `query.plan.records.plan_output` | the plan of a selection of the field | (required) |
| `query.plan.filters.plan_filter` | the predicate of a filter | (required if there is a filter type) |
| `query.plan.aggregates.plan_measure` | an aggregate function over the field | not aggregatable |
| `write.rows.validate.build_setter` | the parser of the field's value in a row | not writable |
| `write.rows.validate_columns.build_column_setter` | the same for many rows | `build_setter` for each |
| `tenure_schema.types.objects.build_output_fields` | the fields of the object type | none |
| `tenure_schema.types.filter_inputs.build_filter_type` | the input type of its filter | no filter |
| `tenure_schema.types.mutation_inputs.build_value_input` | the field of the inputs | (required if writable) |
| `tenure_schema.bulk_load.csv_header.build_csv_columns` | the CSV columns | (required if writable) |
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, FromClause

from tenure_core.catalog.computed_fields import AnyColumn
from tenure_core.entities.computed import Compute
from tenure_core.entities.fields import SYSTEM_FIELDS, Constraints
from tenure_core.entities.scalar_types import ScalarType

StoredForm = AnyColumn | Mapping[str, AnyColumn]
"""The columns of a stored value in the shape of its input: one column, or one for each key of an object."""

NO_CONSTRAINTS = Constraints()


@dataclass(frozen=True, eq=False, kw_only=True)
class Field:
    """A field of an entity; the base class of all classes of fields.

    Args:
        name: The name in the API.
        description: The description in the API.
        nullable: Whether the value can be null.
        writable: Whether clients can write it.
        plugin: The plugin that computes it; "" for the fields of the entity itself.
        reads: The names of the other entities from which it is computed; reading it requires access to them.
    """

    name: str
    description: str
    nullable: bool = True
    writable: bool = False
    plugin: str = ""
    reads: frozenset[str] = frozenset()

    @property
    def stored_form(self) -> StoredForm | None:
        """The columns that store the value, in the shape of the field's input; None if it is not stored."""
        return None

    @property
    def default_value(self) -> object:
        """The value of the first stored column in a new record by default; None for no default."""
        return None

    @property
    def stored_columns(self) -> tuple[AnyColumn, ...]:
        """The columns that store the value."""
        form = self.stored_form
        if form is None:
            return ()
        return tuple(form.values()) if isinstance(form, Mapping) else (form,)


@dataclass(frozen=True, eq=False, kw_only=True)
class ScalarField(Field):
    """A field with one value, which is stored in a column or computed by PostgreSQL.

    Args:
        column: The column, or the expression that computes the value.
        scalar_type: The type of the value.
        default: The value of a new record if the client gives none; None for no default.
        constraints: The constraints on the value.
        unique: Whether the value is unique among the undeleted records of a tenant.
        personal: Whether the value is personal data.
    """

    column: AnyColumn
    scalar_type: ScalarType
    default: Any = None
    constraints: Constraints = NO_CONSTRAINTS
    unique: bool = False
    personal: bool = False

    @property
    def stored_form(self) -> StoredForm | None:
        """The column; None for computed fields and for those that the platform maintains."""
        return None if self.plugin or self.name in SYSTEM_FIELDS else self.column

    @property
    def default_value(self) -> object:
        """The parsed default."""
        return None if self.default is None else self.scalar_type.parse(self.default)


@dataclass(frozen=True, eq=False, kw_only=True)
class CompositeField(Field):
    """A field whose value is an object with scalar parts, such as an amount of money.

    Args:
        type_name: The name of the object type in the API, such as "Money".
        type_description: The description of the object type.
        parts: The parts by their names in the API.
        required_parts: The names of the parts that are not null unless the whole value is.
        is_amount: Whether it has the parts `minorUnits` and `currency`, of which aggregates can be computed.
    """

    type_name: str
    type_description: str
    parts: Mapping[str, ScalarField]
    required_parts: frozenset[str]
    is_amount: bool = False

    @property
    def stored_form(self) -> StoredForm:
        """The column of each part."""
        return {name: part.column for name, part in self.parts.items()}


@dataclass(frozen=True, eq=False, kw_only=True)
class BatchFieldInfo(Field):
    """A field that the code of a plugin computes, for all records of a response in one call.

    Args:
        scalar_type: The type of the value.
        required_columns: The columns that the code receives for each record, by attribute.
        compute: The code.
    """

    scalar_type: ScalarType
    required_columns: Mapping[str, AnyColumn]
    compute: Compute


@dataclass(frozen=True, eq=False, kw_only=True)
class Relation(Field, ABC):
    """A relation to records of an entity.

    Args:
        target: The name of the entity of the related records.
    """

    target: str

    @abstractmethod
    def join_condition(self, source: FromClause, target: FromClause) -> ColumnElement[bool]:
        """Return the condition that a row of `target` is related to a row of `source`, in one tenant."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ToOneRelation(Relation):
    """A relation to at most one record, wherever its foreign key is.

    Lists can be sorted and grouped by the fields of its record.
    """

    @property
    @abstractmethod
    def source_columns(self) -> tuple[AnyColumn, ...]:
        """The columns of the source row that `join_condition` compares."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ToOne(ToOneRelation):
    """A reference to one record, which is stored as a foreign key.

    Args:
        column: The column of the foreign key.
    """

    column: Column[Any]
    writable: bool = True

    @property
    def stored_form(self) -> StoredForm:
        """The column of the foreign key."""
        return {"id": self.column}

    @property
    def source_columns(self) -> tuple[AnyColumn, ...]:
        """The column of the foreign key."""
        return (self.column,)

    def join_condition(self, source: FromClause, target: FromClause) -> ColumnElement[bool]:
        """Return the condition that the foreign key of a source row is the id of the target row."""
        condition: ColumnElement[bool] = target.c.id == source.c[self.column.name]
        return condition


@dataclass(frozen=True, eq=False, kw_only=True)
class ToMany(Relation):
    """The records that refer to a record; the opposite direction of a `ToOne`.

    Args:
        column: The column of the foreign key in the table of the related records.
    """

    column: Column[Any]

    def join_condition(self, source: FromClause, target: FromClause) -> ColumnElement[bool]:
        """Return the condition that the foreign key of a target row is the id of the source row."""
        condition: ColumnElement[bool] = target.c[self.column.name] == source.c.id
        return condition


@dataclass(frozen=True, eq=False, kw_only=True)
class ToManyAggregate(Field):
    """Aggregates over the records of a `ToMany`.

    Args:
        relation: The relation.
    """

    relation: ToMany


@dataclass(frozen=True, eq=False, kw_only=True)
class ExternalRefsField(Field):
    """The external references of a record: its keys in other systems.

    Args:
        entity: The name of the record's entity.
    """

    entity: str


@dataclass(frozen=True, eq=False, kw_only=True)
class HistoryField(Field):
    """The changes of a record, from the newest to the oldest."""
