"""Creates new plugins from templates: complete, tested distributions."""

from tenure_sdk.scaffold.generator import write_plugin

__all__ = ["write_plugin"]
