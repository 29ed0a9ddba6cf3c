"""Hypothesis strategies for queries: any valid query, filters alone, and aggregates alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from graphql import GraphQLInterfaceType, GraphQLObjectType, get_named_type, is_leaf_type
from hypothesis import strategies as st
from tests.generated_queries.query_text import ArgumentWriter
from tests.generated_queries.query_values import Values
from tests.generated_queries.sample import CATALOG, Row, Sample

from tenure_schema.schema import build_schema, graphql_schema

SCHEMA = graphql_schema(build_schema(CATALOG))

ODD_NAMES = (
    "position",
    "select",
    "k0",
    "m0",
    "c0",
    "id_1",
    "anon_1",
    "Name",
    "_x",
    "one",
    "tenant_id",
    "search",
)
"""Aliases that equal names in the generated SQL."""

EXCLUDED_FIELDS = {"changes", "history", "snapshot", "fieldOwners", "plugins"}
"""Fields that no generated query selects, because the model in memory has no data for them."""


@dataclass(frozen=True)
class RecordCursor:
    """The cursor of a record, as an argument of a query.

    Args:
        placeholder: Its placeholder in the query.
        entity: The entity of the list.
        order: The order of the list.
        id: The id of the record.
    """

    placeholder: str
    entity: str
    order: list[Row] | None
    id: str


@dataclass(frozen=True)
class Query:
    """A valid query.

    Args:
        text: The document.
        variables: The variables.
        operation_name: The name of the operation to execute.
        cursors: The cursors in its arguments.
    """

    text: str
    variables: Row
    operation_name: str | None = None
    cursors: tuple[RecordCursor, ...] = ()

    def with_cursors(self, cursors: dict[str, str]) -> Query:
        """Return the query with cursors in place of their placeholders."""
        text = self.text
        for placeholder, cursor in cursors.items():
            text = text.replace(placeholder, cursor)
        variables = {n: cursors.get(v, v) if isinstance(v, str) else v for n, v in self.variables.items()}
        return replace(self, text=text, variables=variables)


@st.composite
def queries(draw: Any, rows: Sample) -> Query:
    """Draw a query of a sample."""
    return _QueryBuilder(Values(draw, SCHEMA, rows)).build_query()


@st.composite
def filter_queries(draw: Any, rows: Sample) -> Query:
    """Draw a query for the ids of the records that match a filter."""
    values = Values(draw, SCHEMA, rows)
    entity = CATALOG[values.one_of(rows)]
    field = f"{entity.plural}(first: 100, where: $where) {{ nodes {{ id }} totalCount }}"
    text = f"query ($where: {entity.name}Filter) {{ {field} }}"
    return Query(text, {"where": values.where(entity.name)})


@st.composite
def aggregate_queries(draw: Any, rows: Sample) -> Query:
    """Draw a query for all keys and measures of groups."""
    values = Values(draw, SCHEMA, rows)
    entity = CATALOG[values.one_of(rows)]
    name = f"{entity.plural}Aggregate"
    assert SCHEMA.query_type is not None
    field = SCHEMA.query_type.fields[name]
    writer = ArgumentWriter(lambda one_in: False)
    variables = {n: writer.variable(field.args[n].type, v) for n, v in values.aggregate(entity.name).items()}
    arguments = ", ".join(f"{argument}: {variable}" for argument, variable in variables.items())
    selection = _select_all(get_named_type(field.type))
    root_field = f"{name}{f'({arguments})' if arguments else ''} {selection}"
    return Query(f"query {writer.declarations()} {{ {root_field} }}", writer.values)


def _select_all(type_: Any) -> str:
    """Return a selection of all fields of a type except records."""
    fields = {name: get_named_type(field.type) for name, field in type_.fields.items()}
    parts = {name: inner for name, inner in fields.items() if inner.name not in CATALOG.entities}
    selections = [
        name if is_leaf_type(inner) else f"{name} {_select_all(inner)}" for name, inner in parts.items()
    ]
    return f"{{ {' '.join(selections)} }}"


class _QueryBuilder:
    """Builds one document, and collects its variables, fragments and cursors."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.schema = values.schema
        self.writer = ArgumentWriter(values.chance)
        self.fragments: list[tuple[str, str, str]] = []
        self.cursors: list[RecordCursor] = []
        self.odd_names = list(ODD_NAMES)
        self.aliases = 0
        self.arguments_by_field: dict[str, str] = {}

    def build_query(self) -> Query:
        query = self.schema.query_type
        assert query is not None
        selection = self.selection(query, 3)
        named = self.values.chance(3)
        text = f"query {'First' if named else ''}{self.writer.declarations()} {selection}"
        text += "".join(f" fragment {name} on {on} {inner}" for name, on, inner in self.fragments)
        if named:
            text += " query Second { accounts { totalCount } }"
        return Query(text, self.writer.values, "First" if named else None, tuple(self.cursors))

    def selection(self, type_: Any, depth: int) -> str:
        """Return a selection of a type; at depth 0, it contains no records and no groups."""
        selections = [self._selection(type_, depth) for _ in range(self.values.draw(st.integers(1, 4)))]
        return f"{{ {' '.join(selections)} }}"

    def _selection(self, type_: Any, depth: int) -> str:
        if isinstance(type_, GraphQLInterfaceType):
            return self._interface_selection(type_, depth)
        if self.values.chance(8):
            return self._inline_fragment(type_, depth)
        if self.fragments and self.values.chance(4):
            known = [name for name, on, _ in self.fragments if on == type_.name]
            if known:
                return f"...{self.values.one_of(known)}{self._directive()}"
        if self.values.chance(10) and type_ is not self.schema.query_type:
            return self._named_fragment(type_, depth)
        return self._field(type_, depth)

    def _interface_selection(self, type_: GraphQLInterfaceType, depth: int) -> str:
        if self.values.chance(3):
            return self.values.one_of(["id", "__typename", "... on Node { id }"])
        possible = self.values.one_of(self.schema.get_possible_types(type_))
        # Fields of one name can have different types in different entities: each needs its own alias.
        fields = [
            self._field(possible, depth, needs_alias=True) for _ in range(self.values.draw(st.integers(1, 3)))
        ]
        return f"... on {possible.name}{self._directive()} {{ {' '.join(fields)} }}"

    def _inline_fragment(self, type_: GraphQLObjectType, depth: int) -> str:
        conditions = ["", f" on {type_.name}"]
        if type_.interfaces and self.values.chance(3):
            return "... on Node { id __typename }"
        return f"...{self.values.one_of(conditions)}{self._directive()} {self.selection(type_, depth)}"

    def _named_fragment(self, type_: GraphQLObjectType, depth: int) -> str:
        inner = self.selection(type_, depth)
        name = f"F{len(self.fragments)}"
        self.fragments.append((name, type_.name, inner))
        return f"...{name}{self._directive()}"

    def _directive(self) -> str:
        if not self.values.chance(6):
            return ""
        name = self.values.one_of(["include", "skip"])
        truth = self.values.draw(st.booleans())
        argument = self.writer.value(self.schema.get_directive(name).args["if"].type, truth)  # type: ignore[union-attr]
        return f" @{name}(if: {argument})"

    def _field(self, type_: GraphQLObjectType, depth: int, *, needs_alias: bool = False) -> str:
        if self.values.chance(12):
            return (
                f"{self._new_alias()}: __typename" if self.values.chance(2) or needs_alias else "__typename"
            )
        fields = {n: f for n, f in type_.fields.items() if n not in EXCLUDED_FIELDS}
        names = [n for n, f in fields.items() if depth > 0 or self._has_no_records(f.type)]
        name = self.values.one_of(names)
        field = type_.fields[name]
        inner = get_named_type(field.type)
        arguments = self.writer.arguments(field.args, self._arguments(name, inner, field.args))
        key = self._key(name, arguments, needs_alias)
        selection = (
            "" if is_leaf_type(inner) else f" {self.selection(inner, depth - _is_record_or_group(inner))}"
        )
        return f"{key}{arguments}{self._directive()}{selection}"

    def _has_no_records(self, type_: Any) -> bool:
        inner = get_named_type(type_)
        if is_leaf_type(inner):
            return True
        return not _is_record_or_group(inner) and not any(
            _is_record_or_group(get_named_type(f.type)) for f in inner.fields.values()
        )

    def _key(self, name: str, arguments: str, needs_alias: bool) -> str:
        """Return the response key: fields with the same key must have the same arguments."""
        same = self.arguments_by_field.setdefault(name, arguments) == arguments if not needs_alias else False
        return name if same and not self.values.chance(6) else f"{self._new_alias()}: {name}"

    def _new_alias(self) -> str:
        if self.odd_names and self.values.chance(3):
            return self.odd_names.pop()
        self.aliases += 1
        return f"a{self.aliases}"

    def _arguments(self, name: str, type_: Any, accepted: dict[str, Any]) -> Row:
        if not accepted:
            return {}
        if "id" in accepted:
            return {"id": self._record_id()}
        if "system" in accepted:
            return self._external_key()
        if "ids" in accepted:
            return {"ids": [self._record_id() for _ in range(self.values.draw(st.integers(0, 4)))]}
        if name.endswith("Aggregate"):
            return self.values.aggregate(type_.name.removesuffix("Aggregate"))
        return self._list_arguments(type_.name.removesuffix("Connection"))

    def _record_id(self) -> str:
        values = self.values
        rows = values.rows[values.one_of(values.rows)]
        id_: str = values.one_of(rows)["id"]
        if values.chance(4):
            return str(values.one_of(["01900000-0000-7000-8000-ffffffffffff", id_.upper()]))
        return id_

    def _external_key(self) -> Row:
        values = self.values
        refs = [ref for rows in values.rows.values() for row in rows for ref in row["externalRefs"]]
        ref = values.one_of(refs)
        other = values.one_of(refs) if values.chance(4) else ref
        return {"system": ref["system"], "externalId": other["externalId"]}

    def _list_arguments(self, entity: str) -> Row:
        values = self.values
        arguments: Row = {}
        if values.chance(2):
            arguments["where"] = values.where(entity)
        if values.chance(2):
            arguments["orderBy"] = values.order(entity)
        if values.chance(2):
            arguments[values.one_of(["first", "last"])] = values.draw(st.integers(0, 5))
        for name in ("after", "before"):
            if values.chance(4):
                arguments[name] = self._cursor(entity, arguments.get("orderBy"))
        return {name: arguments[name] for name in values.draw(st.permutations(list(arguments)))}

    def _cursor(self, entity: str, order: list[Row] | None) -> str:
        placeholder = f"@cursor{len(self.cursors)}@"
        id_ = self.values.one_of(self.values.rows[entity])["id"]
        self.cursors.append(RecordCursor(placeholder, entity, order, id_))
        return placeholder


def _is_record_or_group(type_: Any) -> bool:
    """Return whether a type is a record or a group; selecting it reduces the remaining depth."""
    return isinstance(type_, GraphQLInterfaceType) or "id" in getattr(type_, "fields", {})
