"""Deliveries: changes that were committed, on their way to the plugins that want to know of them."""

from tenure_core.deliveries.change import Change

__all__ = ["Change"]
