"""Documents are parsed once per text; invalid ones are rejected with locations."""

from __future__ import annotations

import pytest
from tests.generated_queries.queries import SCHEMA

from tenure_core.errors import BadUserInputError, RequestTooLargeError
from tenure_core.settings import Settings
from tenure_schema.errors import InvalidDocumentError
from tenure_schema.operations.document_cache import DocumentCache


@pytest.fixture
def documents() -> DocumentCache:
    return DocumentCache(SCHEMA, Settings(max_document_characters=300, max_document_tokens=40))  # type: ignore[call-arg]


def test_a_text_is_parsed_once(documents: DocumentCache) -> None:
    assert documents.get("{ __typename }") is documents.get("{ __typename }")
    assert documents.get("{ __typename }") is not documents.get("{  __typename }")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "Syntax Error"),
        ("", "Syntax Error"),
        ("{ accounts { nodes { nme } } }", "Cannot query field 'nme'"),
        ("{ accounts }", "must have a selection"),
        ("{ accounts(first: 1.5) { totalCount } }", "1.5"),
        ("query ($a: Int) { __typename }", "never used"),
        ("{ ...F } fragment F on Query { ...F }", "within itself"),
    ],
)
def test_an_invalid_document_is_rejected_with_locations(
    documents: DocumentCache, text: str, reason: str
) -> None:
    with pytest.raises(InvalidDocumentError, match=reason) as rejected:
        documents.get(text)
    assert rejected.value.errors[0].locations


def test_errors_contain_no_suggestions(documents: DocumentCache) -> None:
    with pytest.raises(InvalidDocumentError) as rejected:
        documents.get("{ account { id } acounts { totalCount } }")
    assert "Did you mean" not in str(rejected.value)


def test_a_document_over_a_limit_is_rejected(documents: DocumentCache) -> None:
    with pytest.raises(RequestTooLargeError, match="has 301 characters"):
        documents.get("{ __typename }".ljust(301))
    with pytest.raises(RequestTooLargeError, match="more than 40 tokens"):
        documents.get(f"{{ {'a ' * 60} }}")


def test_an_operation_is_selected_by_its_name(documents: DocumentCache) -> None:
    document = documents.get("query A { __typename } query B { __typename }")
    assert document.get_operation("B") is document.operations["B"]
    with pytest.raises(BadUserInputError, match="several operations"):
        document.get_operation(None)
    with pytest.raises(BadUserInputError, match="no operation 'C'"):
        document.get_operation("C")


def test_a_single_operation_needs_no_name(documents: DocumentCache) -> None:
    document = documents.get("query A { __typename }")
    assert document.get_operation(None) is document.operations["A"]
