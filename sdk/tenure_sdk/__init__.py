"""What plugins import, and nothing else: the words of declarations, the hooks, and what their own code gets.

    from tenure_sdk import Entity, Manifest, belongs_to, column, hookimpl

Plain Strawberry types of a plugin find the platform's in `tenure_sdk.graphql`; clients of the API use
`tenure_sdk.client`; tests of plugins use `tenure_sdk.testing`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenure_sdk.api import *  # noqa: F403  # `words` lists what it hands on


def __getattr__(name: str) -> object:
    """Bring the words when the first is asked for: commands and clients of the API start without them."""
    words = import_module("tenure_sdk.api")
    if name not in words.__all__:
        raise AttributeError(f"module 'tenure_sdk' has no attribute {name!r}")
    return getattr(words, name)


def __dir__() -> list[str]:
    """Return the words."""
    return sorted(import_module("tenure_sdk.api").__all__)
