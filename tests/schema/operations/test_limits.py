"""The limits of an operation, counted with its fragments expanded."""

from __future__ import annotations

import time

import pytest
from graphql import parse

from tenure_core.errors import RequestTooLargeError
from tenure_core.settings import Settings
from tenure_schema.operations.limits import check_limits


def build_doubling_chain(links: int) -> str:
    """Return a chain of fragments, each of which spreads the next one twice."""
    chain = "".join(f" fragment F{i} on Query {{ ...F{i + 1} ...F{i + 1} }}" for i in range(links))
    return f"{{ ...F0 }} {chain} fragment F{links} on Query {{ a: __typename }}"


def check(text: str, **limits: int) -> None:
    check_limits(parse(text), Settings(**limits))  # type: ignore[arg-type]  # pydantic reads them


def test_a_doubling_chain_of_fragments_is_counted_in_linear_time() -> None:
    started = time.perf_counter()
    with pytest.raises(RequestTooLargeError, match=f"aliases: {2**200}"):
        check(build_doubling_chain(200))
    assert time.perf_counter() - started < 1


def test_fragments_are_counted_where_they_are_spread() -> None:
    check(build_doubling_chain(3), max_aliases=8, max_root_fields=8)
    with pytest.raises(RequestTooLargeError, match="aliases: 8; at most 7"):
        check(build_doubling_chain(3), max_aliases=7)


AT_THE_LIMIT: list[tuple[str, str, int]] = [
    ("depth", "{ a { b { c } } }", 3),
    ("depth", "{ ...F } fragment F on Query { a { ... { b { c } } } }", 3),
    ("aliases", "{ x: a y: b { z: c } }", 3),
    (
        "directives",
        "{ a @skip(if: false) ... @include(if: true) { b } ...F @skip(if: false) } fragment F on Query { c }",
        3,
    ),
    ("root_fields", "{ a b ...F } fragment F on Query { c }", 3),
    ("mutations", "mutation { a b c }", 3),
]


@pytest.mark.parametrize(("limit", "text", "count"), AT_THE_LIMIT)
def test_an_operation_over_a_limit_is_rejected_with_the_setting(limit: str, text: str, count: int) -> None:
    check(text, **{f"max_{limit}": count})
    with pytest.raises(RequestTooLargeError, match=f"TENURE_MAX_{limit.upper()}"):
        check(text, **{f"max_{limit}": count - 1})


def test_introspection_has_no_depth() -> None:
    check("{ __schema { types { fields { type { ofType { name } } } } } }", max_depth=5)


def test_every_operation_of_a_document_is_checked() -> None:
    with pytest.raises(RequestTooLargeError, match="depth: 2"):
        check("query A { a } query B { a { b } }", max_depth=1)
