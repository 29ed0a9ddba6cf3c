"""Documents: parsed, validated and measured once, and kept for the next request with the same text."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from tenure_core.errors import BadUserInputError, RequestTooLargeError
from tenure_core.settings import Settings
from tenure_schema.operations.limits import check_limits

CACHE_SIZE = 300
MAX_ERRORS = 5
RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)


class InvalidDocumentError(BadUserInputError):
    """A document that is no GraphQL, or that does not fit the schema.

    Args:
        errors: What is wrong with it, with its places.
    """

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors


@dataclass(frozen=True, eq=False)
class Document:
    """A valid document.

    Args:
        node: Its syntax tree.
        operations: Its operations by name; one without a name stands under "".
        fragments: Its fragments by name.
    """

    node: DocumentNode
    operations: Mapping[str, OperationDefinitionNode]
    fragments: Mapping[str, FragmentDefinitionNode]

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """Return the operation that a request means.

        Raises:
            BadUserInputError: There is none of that name, or several and no name was given.
        """
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        if name is None:
            raise BadUserInputError("The document has several operations.", "Name one as operationName.")
        if name not in self.operations:
            raise BadUserInputError(f"The document has no operation {name[:60]!r}.", "Correct operationName.")
        return self.operations[name]


class DocumentCache:
    """The documents seen lately, by their text.

    Args:
        schema: What they must fit.
        settings: How large they may be.
    """

    def __init__(self, schema: GraphQLSchema, settings: Settings) -> None:
        self._schema = schema
        self._settings = settings
        self._known: OrderedDict[str, Document] = OrderedDict()

    def get(self, text: str) -> Document:
        """Return the document of a text.

        Raises:
            InvalidDocumentError: It is no GraphQL, or does not fit the schema.
            RequestTooLargeError: It goes past a limit.
        """
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = self._checked(text)
            if len(self._known) > CACHE_SIZE:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(text)
        return found

    def _checked(self, text: str) -> Document:
        try:
            return self._read(text)
        except RecursionError:
            raise RequestTooLargeError("The document is nested too deeply.", "Split it.") from None

    def _read(self, text: str) -> Document:
        if len(text) > self._settings.max_document_characters:
            limit = self._settings.max_document_characters
            raise RequestTooLargeError(
                f"The document has {len(text)} characters; at most {limit} are allowed.", "Split it."
            )
        node = _parsed(text, self._settings.max_document_tokens)
        rules = RULES if self._settings.introspection else (*RULES, NoSchemaIntrospectionCustomRule)
        if errors := validate(self._schema, node, rules, max_errors=MAX_ERRORS, hide_suggestions=True):
            raise InvalidDocumentError(errors)
        check_limits(node, self._settings)
        # Read again to be kept: without the places that errors name, a tree takes a fraction of the memory.
        node = _parsed(text, self._settings.max_document_tokens, no_location=True)
        operations = [d for d in node.definitions if isinstance(d, OperationDefinitionNode)]
        fragments = [d for d in node.definitions if isinstance(d, FragmentDefinitionNode)]
        return Document(
            node,
            {o.name.value if o.name else "": o for o in operations},
            {f.name.value: f for f in fragments},
        )


def _parsed(text: str, max_tokens: int, *, no_location: bool = False) -> DocumentNode:
    try:
        return parse(text, no_location, max_tokens=max_tokens, allow_empty_selection_sets=False)
    except GraphQLError as error:
        if "Parsing aborted" in error.message:
            raise RequestTooLargeError(
                f"The document has more than {max_tokens} tokens.", "Split it."
            ) from None
        raise InvalidDocumentError([error]) from None
