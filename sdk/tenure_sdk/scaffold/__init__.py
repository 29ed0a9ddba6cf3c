"""The scaffold: a small plugin as a distribution of its own, complete and tested, to begin with."""

from tenure_sdk.scaffold.generator import write_plugin

__all__ = ["write_plugin"]
