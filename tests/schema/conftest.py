"""Fixtures of the GraphQL API, for the tests in this folder."""

from tests.support.api_fixtures import (
    answers,
    app,
    ask,
    ask_generally,
    client,
    desk_execution,
    execution,
    generous,
    sampled,
    tenant,
)

__all__ = [
    "answers",
    "app",
    "ask",
    "ask_generally",
    "client",
    "desk_execution",
    "execution",
    "generous",
    "sampled",
    "tenant",
]
