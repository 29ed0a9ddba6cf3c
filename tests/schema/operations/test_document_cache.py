"""Documents: read once for each text, and refused with places where they are no GraphQL of ours."""

from __future__ import annotations

import pytest
from tests.generated_queries.queries import SCHEMA

from tenure_core.errors import BadUserInputError, RequestTooLargeError
from tenure_core.settings import Settings
from tenure_schema.operations.document_cache import DocumentCache, InvalidDocumentError


@pytest.fixture
def documents() -> DocumentCache:
    return DocumentCache(SCHEMA, Settings(max_document_characters=300, max_document_tokens=40))  # type: ignore[call-arg]


def test_a_text_is_read_once(documents: DocumentCache) -> None:
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
def test_what_is_no_graphql_of_ours_is_refused_with_its_place(
    documents: DocumentCache, text: str, reason: str
) -> None:
    with pytest.raises(InvalidDocumentError, match=reason) as refused:
        documents.get(text)
    assert refused.value.errors[0].locations


def test_no_message_tells_names_that_the_client_did_not_send(documents: DocumentCache) -> None:
    with pytest.raises(InvalidDocumentError) as refused:
        documents.get("{ account { id } acounts { totalCount } }")
    assert "Did you mean" not in str(refused.value)


def test_a_text_past_a_limit_is_refused(documents: DocumentCache) -> None:
    with pytest.raises(RequestTooLargeError, match="has 301 characters"):
        documents.get("{ __typename }".ljust(301))
    with pytest.raises(RequestTooLargeError, match="more than 40 tokens"):
        documents.get(f"{{ {'a ' * 60} }}")


def test_an_operation_is_found_by_its_name(documents: DocumentCache) -> None:
    document = documents.get("query A { __typename } query B { __typename }")
    assert document.operation("B") is document.operations["B"]
    with pytest.raises(BadUserInputError, match="several operations"):
        document.operation(None)
    with pytest.raises(BadUserInputError, match="no operation 'C'"):
        document.operation("C")


def test_the_only_operation_needs_no_name(documents: DocumentCache) -> None:
    document = documents.get("query A { __typename }")
    assert document.operation(None) is document.operations["A"]
