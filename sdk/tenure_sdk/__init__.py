"""The API for plugins: declarations, hooks and the types that plugin code receives.

    from tenure_sdk import Entity, Manifest, belongs_to, column, hookimpl

GraphQL types of plugins use `tenure_sdk.graphql`, tests use `tenure_sdk.testing`. Integrations use
`tenure_sdk.client`, which imports no server code.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenure_sdk.api import *  # noqa: F403  # `__all__` of `api` is the list of names


def __getattr__(name: str) -> object:
    """Import `tenure_sdk.api` on first use, so that the client and `tenure --help` don't import it."""
    api = import_module("tenure_sdk.api")
    if name not in api.__all__:
        raise AttributeError(f"module 'tenure_sdk' has no attribute {name!r}")
    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted(import_module("tenure_sdk.api").__all__)
