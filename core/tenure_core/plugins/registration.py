"""The base class of registrations, and the names that registrations reserve and use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar, Self


@dataclass(frozen=True)
class ReservedName:
    """A name that only one registration can use.

    Args:
        kind: The kind of the name, such as "entity" or "root field".
        name: The name.
        value: The object that has the name. Two registrations can share a name if they share the object.
    """

    kind: str
    name: str
    value: object = field(default_factory=object)


@dataclass(frozen=True)
class Dependency:
    """A name that a registration uses; a plugin may only use names of its own, the core and required plugins.

    Args:
        user: The part of the plugin that uses the name, for messages, such as "reference Trip.vehicle".
        kind: The kind of the name, as in `ReservedName`.
        name: The name.
    """

    user: str
    kind: str
    name: str


class Registration:
    """The base class of registrations. Subclasses override what applies to them."""

    expected: ClassVar[str] = ""
    """The values that the hook accepts, for error messages, such as "classes derived from Entity"."""

    @classmethod
    def from_result(cls, value: object) -> Self | None:
        """Return the registration for a value that a hook returned; None if the value has the wrong type."""
        return value if isinstance(value, cls) else None

    def validate(self, plugin: str) -> None:
        """Check the values of the registration.

        Args:
            plugin: The name of the plugin that registers it.

        Raises:
            PluginError: A value is invalid.
        """

    def reserved_names(self, plugin: str) -> Iterable[ReservedName]:
        """Return the names that no other registration may use.

        Args:
            plugin: The name of the plugin that registers it.
        """
        return ()

    def dependencies(self) -> Iterable[Dependency]:
        """Return the names that the registration uses."""
        return ()
