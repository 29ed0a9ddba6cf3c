"""The cache of documents: each text is parsed, validated and checked against the limits once."""

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
from tenure_schema.errors import InvalidDocumentError
from tenure_schema.operations.limits import check_limits

MAX_DOCUMENTS = 300
MAX_ERRORS = 5
RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)


@dataclass(frozen=True, eq=False)
class Document:
    """A valid document.

    Args:
        node: The syntax tree, without locations.
        operations: The operations by name; an anonymous operation has the name "".
        fragments: The fragments by name.
    """

    node: DocumentNode
    operations: Mapping[str, OperationDefinitionNode]
    fragments: Mapping[str, FragmentDefinitionNode]

    def get_operation(self, name: str | None) -> OperationDefinitionNode:
        """Return the operation of a name; without a name, the only operation.

        Raises:
            BadUserInputError: The name is unknown, or is missing although there are several operations.
        """
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        if name is None:
            raise BadUserInputError(
                "The document contains several operations.", "Send the name of one as operationName."
            )
        if name not in self.operations:
            raise BadUserInputError(
                f"The document contains no operation {name[:60]!r}.",
                "Send the name of one of its operations as operationName.",
            )
        return self.operations[name]


class DocumentCache:
    """The documents that were used last, by their text.

    Args:
        schema: The schema to validate against.
        settings: The limits.
    """

    def __init__(self, schema: GraphQLSchema, settings: Settings) -> None:
        self._schema = schema
        self._settings = settings
        self._documents: OrderedDict[str, Document] = OrderedDict()

    def get(self, text: str) -> Document:
        """Return the document of a text.

        Raises:
            InvalidDocumentError: The text has a syntax error or does not match the schema.
            RequestTooLargeError: The document exceeds a limit.
        """
        document = self._documents.get(text)
        if document is None:
            document = self._documents[text] = self._load(text)
            if len(self._documents) > MAX_DOCUMENTS:
                self._documents.popitem(last=False)
        else:
            self._documents.move_to_end(text)
        return document

    def _load(self, text: str) -> Document:
        try:
            self._check(text)
        except RecursionError:
            raise RequestTooLargeError(
                "The document is nested too deeply.", "Split it into several requests."
            ) from None
        # Parsed again: a tree without the locations for error messages needs a fraction of the memory.
        node = _parse(text, self._settings.max_document_tokens, no_location=True)
        operations = [d for d in node.definitions if isinstance(d, OperationDefinitionNode)]
        fragments = [d for d in node.definitions if isinstance(d, FragmentDefinitionNode)]
        return Document(
            node,
            {o.name.value if o.name else "": o for o in operations},
            {f.name.value: f for f in fragments},
        )

    def _check(self, text: str) -> None:
        if len(text) > (limit := self._settings.max_document_characters):
            raise RequestTooLargeError(
                f"The document has {len(text)} characters; at most {limit} are allowed.",
                "Split it into several requests.",
            )
        node = _parse(text, self._settings.max_document_tokens)
        rules = RULES if self._settings.introspection else (*RULES, NoSchemaIntrospectionCustomRule)
        if errors := validate(self._schema, node, rules, max_errors=MAX_ERRORS, hide_suggestions=True):
            raise InvalidDocumentError(errors)
        check_limits(node, self._settings)


def _parse(text: str, max_tokens: int, *, no_location: bool = False) -> DocumentNode:
    try:
        return parse(text, no_location, max_tokens=max_tokens, allow_empty_selection_sets=False)
    except GraphQLError as error:
        if "Parsing aborted" in error.message:
            raise RequestTooLargeError(
                f"The document has more than {max_tokens} tokens.", "Split it into several requests."
            ) from None
        raise InvalidDocumentError([error]) from None
