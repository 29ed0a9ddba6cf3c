"""Questions: all that a plugin lets clients ask, as documents made from the schema."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from graphql import (
    GraphQLInputType,
    OperationDefinitionNode,
    OperationType,
    VariableDefinitionNode,
    assert_object_type,
    is_input_type,
    is_required_argument,
    parse,
    print_ast,
    type_from_ast,
)

from tenure_core.catalog import Catalog
from tenure_core.errors import PluginError
from tenure_core.external import BY_EXTERNAL_REF
from tenure_core.plugins import LoadedPlugin
from tenure_sdk.checks.additions import Additions
from tenure_sdk.checks.arguments import Arguments, Records
from tenure_sdk.checks.beside import text_beside
from tenure_sdk.checks.selections import needing_arguments, parts_of
from tenure_sdk.trial import Response, Tenant

FILE = "questions.graphql"
"""Further operations, beside the module that holds a plugin's hooks: its author knows what to ask."""

PAGE = 100

PARTS = "%s"


@dataclass(frozen=True)
class Question:
    """Something that clients can ask.

    Args:
        where: What it is about, for people.
        around: The document, with `%s` in the place of the parts.
        parts: What is asked of each record.
        variables: The types of its variables.
        about: The entity that it is about; "" for none.
        single: Whether it is about one record that it names.
    """

    where: str
    around: str
    parts: tuple[str, ...]
    variables: Mapping[str, GraphQLInputType]
    about: str = ""
    single: bool = False

    file = FILE

    @property
    def text(self) -> str:
        """The document."""
        return self.around.replace(PARTS, " ".join(self.parts))

    def narrowed(self) -> Iterator[Question]:
        """Yield a question for each of the parts alone."""
        for part in self.parts:
            name = part.split("(")[0].split()[0]
            yield Question(f"{self.where}.{name}", self.around, (part,), self.variables, self.about)

    async def ask(self, tenant: Tenant, catalog: Catalog, records: Records) -> Response:
        """Return what a tenant is answered.

        Args:
            tenant: Who asks.
            catalog: The entities.
            records: The records that there are to ask about.

        Raises:
            NoValueError: It wants what can't be made up.
        """
        return await tenant.ask(self.text, **self.values(catalog, records))

    def values(self, catalog: Catalog, records: Records) -> dict[str, object]:
        """Return values for the variables.

        Args:
            catalog: The entities.
            records: The records that there are to ask about.

        Raises:
            NoValueError: There are none.
        """
        arguments = Arguments(catalog, records, self.about)
        return {name: arguments.value(name, type_) for name, type_ in self.variables.items()}


def questions_of(plugin: LoadedPlugin, additions: Additions, catalog: Catalog) -> list[Question]:
    """Return what can be asked of a plugin: its root fields, and its fields of other plugins' entities.

    Args:
        plugin: The plugin.
        additions: What it adds to the schema.
        catalog: What there is.
    """
    written = list(_written(OperationType.QUERY, plugin, additions))
    roots = [name for name in additions.fields("Query") if not name.endswith(BY_EXTERNAL_REF)]
    asked = [_root("Query", name, additions, catalog) for name in roots if not _is_asked(name, written)]
    extended = [
        _extended(entity.name, entity.plural, additions)
        for entity in catalog.entities.values()
        if entity.plugin != plugin.name and additions.fields(entity.name)
    ]
    return [*asked, *extended, *written]


def unasked_of(plugin: LoadedPlugin, additions: Additions) -> list[str]:
    """Return the fields that nothing asks for: they need arguments, and no question was written for them."""
    written = [one for kind in OperationType for one in _written(kind, plugin, additions)]
    return [f"{type_}.{name}" for type_, name in needing_arguments(additions) if not _is_asked(name, written)]


def mutations_of(plugin: LoadedPlugin, additions: Additions, catalog: Catalog) -> list[Question]:
    """Return the mutations that a plugin has written itself; see `questions_of`."""
    return _own(OperationType.MUTATION, "Mutation", plugin, additions, catalog)


def subscriptions_of(plugin: LoadedPlugin, additions: Additions, catalog: Catalog) -> list[Question]:
    """Return the subscriptions of a plugin; see `questions_of`."""
    return _own(OperationType.SUBSCRIPTION, "Subscription", plugin, additions, catalog)


def removals_of(plugin: LoadedPlugin, additions: Additions, catalog: Catalog) -> list[Question]:
    """Return the mutations by which records of a plugin's entities can be removed."""
    names = [
        f"{entity.singular}{verb}"
        for entity in catalog.entities.values()
        if entity.plugin == plugin.name
        for verb in ("Delete", "Purge")
    ]
    return [_root("Mutation", name, additions, catalog) for name in names]


def _own(
    kind: OperationType, root: str, plugin: LoadedPlugin, additions: Additions, catalog: Catalog
) -> list[Question]:
    written = list(_written(kind, plugin, additions))
    names = [name for name in sorted(additions.own[root]) if not _is_asked(name, written)]
    return [*(_root(root, name, additions, catalog) for name in names), *written]


def _is_asked(name: str, questions: Iterable[Question]) -> bool:
    return any(re.search(rf"\b{name}\b", question.around) for question in questions)


def _root(root: str, name: str, additions: Additions, catalog: Catalog) -> Question:
    field = assert_object_type(additions.schema.get_type(root)).fields[name]
    needed = {one: argument.type for one, argument in field.args.items() if is_required_argument(argument)}
    declared = ", ".join(f"${one}: {type_}" for one, type_ in needed.items())
    page = [f"first: {PAGE}"] if "first" in field.args else []
    given = ", ".join([*page, *(f"{one}: ${one}" for one in needed)])
    frame, parts = parts_of(field, additions)
    around = f"{root.lower()}{_in_brackets(declared)} {{ {name}{_in_brackets(given)}{frame} }}"
    return Question(name, around, parts, needed, _about(name, catalog), name in catalog.by_singular)


def _in_brackets(text: str) -> str:
    return f"({text})" if text else ""


def _about(name: str, catalog: Catalog) -> str:
    """Return the entity that a root field's name begins with: `carSell` is about cars."""
    begins = [one for one in catalog.entities.values() if name.startswith((one.singular, one.plural))]
    return max(begins, key=lambda one: len(one.singular)).name if begins else ""


def _extended(name: str, plural: str, additions: Additions) -> Question:
    """Return a question for what the plugin adds to the records of somebody else."""
    query = assert_object_type(additions.schema.get_type("Query"))
    _, parts = parts_of(query.fields[plural], additions)
    return Question(name, f"{{ {plural}(first: {PAGE}) {{ nodes {{ %s }} }} }}", parts, {}, name)


def _written(kind: OperationType, plugin: LoadedPlugin, additions: Additions) -> Iterator[Question]:
    """Yield the operations that the plugin's author has written for the kit."""
    text = text_beside(plugin, FILE)
    for one in parse(text).definitions if text.strip() else ():
        if isinstance(one, OperationDefinitionNode) and one.operation is kind:
            open_ones = [v for v in one.variable_definitions or () if v.default_value is None]
            types = {v.variable.name.value: _type(additions, v) for v in open_ones}
            yield Question(one.name.value if one.name else FILE, print_ast(one), (), types)


def _type(additions: Additions, variable: VariableDefinitionNode) -> GraphQLInputType:
    type_ = type_from_ast(additions.schema, variable.type)
    if type_ is None or not is_input_type(type_):
        raise PluginError(
            f"{FILE} asks for a ${variable.variable.name.value} of a type that the schema lacks.",
            "Correct it.",
        )
    return type_
