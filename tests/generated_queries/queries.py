"""Questions: Hypothesis strategies that ask anything the schema lets one ask, over a sample."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from graphql import GraphQLInterfaceType, GraphQLObjectType, get_named_type, is_leaf_type
from hypothesis import strategies as st
from tests.generated_queries.query_text import Writer
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
"""Aliases that could be mistaken for something of our own in the SQL."""

LEFT_OUT = {"changes", "history", "snapshot", "fieldOwners", "plugins"}
"""Fields that no question asks for: who wrote what and when is not in the sample, so the model can't know it.

`test_changes`, `test_field_owners` and `test_tenants` ask for them."""


@dataclass(frozen=True)
class CursorWanted:
    """A cursor that a question sends back, to be asked for first.

    Args:
        mark: What stands for it in the question.
        entity: Whose list it is of.
        order: The list's order.
        id: The record that it stands at.
    """

    mark: str
    entity: str
    order: list[Row] | None
    id: str


@dataclass(frozen=True)
class Question:
    """A valid question.

    Args:
        text: The document.
        variables: The variables.
        operation_name: Which operation of the document.
        cursors: The cursors that it sends back.
    """

    text: str
    variables: Row
    operation_name: str | None = None
    cursors: tuple[CursorWanted, ...] = ()

    def with_cursors(self, found: dict[str, str]) -> Question:
        """Return the question with its cursors in place of their marks."""
        text = self.text
        for mark, cursor in found.items():
            text = text.replace(mark, cursor)
        variables = {n: found.get(v, v) if isinstance(v, str) else v for n, v in self.variables.items()}
        return replace(self, text=text, variables=variables)


@st.composite
def questions(draw: Any, rows: Sample) -> Question:
    """Draw a question about a sample."""
    return _Asker(Values(draw, SCHEMA, rows)).question()


@st.composite
def filters(draw: Any, rows: Sample) -> Question:
    """Draw a question for nothing but which records fulfil a filter."""
    values = Values(draw, SCHEMA, rows)
    entity = CATALOG[values.one_of(rows)]
    listed = f"{entity.plural}(first: 100, where: $where) {{ nodes {{ id }} totalCount }}"
    text = f"query ($where: {entity.name}Filter) {{ {listed} }}"
    return Question(text, {"where": values.where(entity.name)})


@st.composite
def groupings(draw: Any, rows: Sample) -> Question:
    """Draw a question for all keys and numbers of some groups."""
    values = Values(draw, SCHEMA, rows)
    entity = CATALOG[values.one_of(rows)]
    name = f"{entity.plural}Aggregate"
    assert SCHEMA.query_type is not None
    field = SCHEMA.query_type.fields[name]
    writer = Writer(lambda one_in: False)
    given = {n: writer.variable(field.args[n].type, v) for n, v in values.aggregate(entity.name).items()}
    arguments = ", ".join(f"{argument}: {variable}" for argument, variable in given.items())
    asked = f"{name}{f'({arguments})' if arguments else ''} {_every_value(get_named_type(field.type))}"
    return Question(f"query {writer.declarations()} {{ {asked} }}", writer.values)


def _every_value(type_: Any) -> str:
    """Select everything of a type that leads to no record."""
    fields = {name: get_named_type(field.type) for name, field in type_.fields.items()}
    parts = {name: inner for name, inner in fields.items() if inner.name not in CATALOG.entities}
    written = [
        name if is_leaf_type(inner) else f"{name} {_every_value(inner)}" for name, inner in parts.items()
    ]
    return f"{{ {' '.join(written)} }}"


class _Asker:
    """Writes one document: its selections, and on the way its arguments, variables, fragments and cursors."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.schema = values.schema
        self.writer = Writer(values.chance)
        self.fragments: list[tuple[str, str, str]] = []
        self.cursors: list[CursorWanted] = []
        self.odd_names = list(ODD_NAMES)
        self.aliases = 0
        self.asked: dict[str, str] = {}

    def question(self) -> Question:
        query = self.schema.query_type
        assert query is not None
        selection = self.selection(query, 3)
        named = self.values.chance(3)
        text = f"query {'Asked' if named else ''}{self.writer.declarations()} {selection}"
        text += "".join(f" fragment {name} on {on} {inner}" for name, on, inner in self.fragments)
        if named:
            text += " query Another { accounts { totalCount } }"
        return Question(text, self.writer.values, "Asked" if named else None, tuple(self.cursors))

    def selection(self, type_: Any, depth: int) -> str:
        """Return a selection of a type's fields; at a depth of 0 of those that lead nowhere else."""
        written = [self._part(type_, depth) for _ in range(self.values.draw(st.integers(1, 4)))]
        return f"{{ {' '.join(written)} }}"

    def _part(self, type_: Any, depth: int) -> str:
        if isinstance(type_, GraphQLInterfaceType):
            return self._part_of_interface(type_, depth)
        if self.values.chance(8):
            return self._inline(type_, depth)
        if self.fragments and self.values.chance(4):
            known = [name for name, on, _ in self.fragments if on == type_.name]
            if known:
                return f"...{self.values.one_of(known)}{self._directive()}"
        if self.values.chance(10) and type_ is not self.schema.query_type:
            return self._named_fragment(type_, depth)
        return self._field(type_, depth)

    def _part_of_interface(self, type_: GraphQLInterfaceType, depth: int) -> str:
        if self.values.chance(3):
            return self.values.one_of(["id", "__typename", "... on Node { id }"])
        possible = self.values.one_of(self.schema.get_possible_types(type_))
        # Fields of one name may be of different types in different records: each gets a name of its own.
        fields = [
            self._field(possible, depth, own_name=True) for _ in range(self.values.draw(st.integers(1, 3)))
        ]
        return f"... on {possible.name}{self._directive()} {{ {' '.join(fields)} }}"

    def _inline(self, type_: GraphQLObjectType, depth: int) -> str:
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
        written = self.writer.value(self.schema.get_directive(name).args["if"].type, truth)  # type: ignore[union-attr]
        return f" @{name}(if: {written})"

    def _field(self, type_: GraphQLObjectType, depth: int, *, own_name: bool = False) -> str:
        if self.values.chance(12):
            return f"{self._fresh_name()}: __typename" if self.values.chance(2) or own_name else "__typename"
        fields = {n: f for n, f in type_.fields.items() if n not in LEFT_OUT}
        names = [n for n, f in fields.items() if depth > 0 or self._leads_nowhere(f.type)]
        name = self.values.one_of(names)
        field = type_.fields[name]
        inner = get_named_type(field.type)
        arguments = self.writer.arguments(field.args, self._arguments(name, inner, field.args))
        key = self._key(name, arguments, own_name)
        selected = "" if is_leaf_type(inner) else f" {self.selection(inner, depth - _descends(inner))}"
        return f"{key}{arguments}{self._directive()}{selected}"

    def _leads_nowhere(self, type_: Any) -> bool:
        inner = get_named_type(type_)
        if is_leaf_type(inner):
            return True
        return not _descends(inner) and not any(
            _descends(get_named_type(f.type)) for f in inner.fields.values()
        )

    def _key(self, name: str, arguments: str, own_name: bool) -> str:
        """Two fields of one name must not ask differently: the second one gets another name."""
        same = self.asked.setdefault(name, arguments) == arguments if not own_name else False
        return name if same and not self.values.chance(6) else f"{self._fresh_name()}: {name}"

    def _fresh_name(self) -> str:
        if self.odd_names and self.values.chance(3):
            return self.odd_names.pop()
        self.aliases += 1
        return f"a{self.aliases}"

    def _arguments(self, name: str, type_: Any, known: dict[str, Any]) -> Row:
        if not known:
            return {}
        if "id" in known:
            return {"id": self._identity()}
        if "system" in known:
            return self._external_key()
        if "ids" in known:
            return {"ids": [self._identity() for _ in range(self.values.draw(st.integers(0, 4)))]}
        if name.endswith("Aggregate"):
            return self.values.aggregate(type_.name.removesuffix("Aggregate"))
        return self._list_arguments(type_.name.removesuffix("Connection"))

    def _identity(self) -> str:
        values = self.values
        rows = values.rows[values.one_of(values.rows)]
        found: str = values.one_of(rows)["id"]
        return (
            values.one_of(["01900000-0000-7000-8000-ffffffffffff", found.upper()])
            if values.chance(4)
            else found
        )

    def _external_key(self) -> Row:
        values = self.values
        refs = [ref for rows in values.rows.values() for row in rows for ref in row["externalRefs"]]
        known = values.one_of(refs)
        other = values.one_of(refs) if values.chance(4) else known
        return {"system": known["system"], "externalId": other["externalId"]}

    def _list_arguments(self, entity: str) -> Row:
        values = self.values
        found: Row = {}
        if values.chance(2):
            found["where"] = values.where(entity)
        if values.chance(2):
            found["orderBy"] = values.order(entity)
        if values.chance(2):
            found[values.one_of(["first", "last"])] = values.draw(st.integers(0, 5))
        for name in ("after", "before"):
            if values.chance(4):
                found[name] = self._cursor(entity, found.get("orderBy"))
        return {name: found[name] for name in values.draw(st.permutations(list(found)))}

    def _cursor(self, entity: str, order: list[Row] | None) -> str:
        mark = f"@cursor{len(self.cursors)}@"
        id_ = self.values.one_of(self.values.rows[entity])["id"]
        self.cursors.append(CursorWanted(mark, entity, order, id_))
        return mark


def _descends(type_: Any) -> bool:
    """Whether a type is that of a record or of a group: what costs a step of depth."""
    return isinstance(type_, GraphQLInterfaceType) or "id" in getattr(type_, "fields", {})
