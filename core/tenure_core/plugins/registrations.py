"""Registration classes: the values that `register_*` hooks return.

Each class checks itself, lists the names that it reserves and the things of other plugins that it uses. The
host collects all registrations in one loop (`tenure_core.plugins.loading.collect`) and consumers read them
with `LoadedPlugin.registrations(Class)`. Values that are not dataclasses of this module, such as entity
classes, are wrapped in a registration class.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from pydantic import BaseModel, ValidationError

from tenure_core.entities.computed import BatchField, ComputedColumn
from tenure_core.entities.declaration import Entity
from tenure_core.entities.fields import ReferenceDeclaration
from tenure_core.entities.naming import camel_case
from tenure_core.errors import DeclarationError, PluginError
from tenure_core.plugins.loading.reserved_names import list_entity_names
from tenure_core.plugins.registration import Dependency, Registration, ReservedName

if TYPE_CHECKING:
    from tenure_core.plugins.context import Context
    from tenure_core.postgres.database import Database
    from tenure_core.settings import Settings

ACTIVITY_KIND = re.compile(r"[A-Z][A-Z0-9_]{0,59}")
ROLE = re.compile(r"[a-z][a-z0-9_-]{0,59}")


@dataclass(frozen=True)
class EntityClass(Registration):
    """An entity of a plugin.

    Args:
        entity: The declared class.
    """

    entity: type[Entity]

    expected = "classes derived from Entity"

    @classmethod
    def from_result(cls, value: object) -> Self | None:
        """Wrap a class derived from Entity."""
        return cls(value) if isinstance(value, type) and issubclass(value, Entity) else None

    def reserved_names(self, plugin: str) -> Iterable[ReservedName]:
        """Return the names of the entity, its fields, types, table and root fields."""
        return list_entity_names(self.entity)

    def dependencies(self) -> Iterator[Dependency]:
        """Yield the entities that the entity refers to."""
        for field in self.entity.__fields__:
            if isinstance(field, ReferenceDeclaration):
                user = f"reference {self.entity.__name__}.{field.name}"
                yield Dependency(user, "entity", field.target.__name__)


@dataclass(frozen=True)
class ComputedField(Registration):
    """A computed field of a plugin.

    Args:
        field: The declaration.
    """

    field: ComputedColumn | BatchField

    expected = "ComputedColumn or BatchField objects"

    @classmethod
    def from_result(cls, value: object) -> Self | None:
        """Wrap a ComputedColumn or BatchField."""
        return cls(value) if isinstance(value, ComputedColumn | BatchField) else None

    def reserved_names(self, plugin: str) -> Iterator[ReservedName]:
        """Yield the names of the field and of its scalar type."""
        yield ReservedName("field", f"{self.field.entity.__name__}.{camel_case(self.field.name)}")
        yield ReservedName("type", self.field.scalar_type.name, self.field.scalar_type)

    def dependencies(self) -> Iterator[Dependency]:
        """Yield the entity that gets the field."""
        entity = self.field.entity.__name__
        yield Dependency(f"computed field {entity}.{self.field.name}", "entity", entity)


@dataclass(frozen=True, kw_only=True)
class GraphQLParts(Registration):
    """Root fields and types of a plugin, written with Strawberry.

    Args:
        query: A Strawberry type whose fields become root fields of Query.
        mutation: A Strawberry type whose fields become root fields of Mutation.
        subscription: A Strawberry type whose fields become root fields of Subscription.
        types: Types that no root field refers to, such as the implementations of an interface.
    """

    query: type | None = None
    mutation: type | None = None
    subscription: type | None = None
    types: tuple[type, ...] = ()

    expected = "GraphQLParts(...)"


@dataclass(frozen=True)
class ActivityKind(Registration):
    """An activity kind of a plugin.

    Args:
        name: The value of the GraphQL enum `ActivityKind`.
    """

    name: str

    expected = "strings"

    @classmethod
    def from_result(cls, value: object) -> Self | None:
        """Wrap a string."""
        return cls(value) if isinstance(value, str) else None

    def validate(self, plugin: str) -> None:
        """Check the form of the name."""
        if not ACTIVITY_KIND.fullmatch(self.name):
            raise PluginError(
                f"register_activity_kinds returned the invalid name {self.name!r}.",
                'Use upper-case letters, digits and underscores, such as "SERVICE_VISIT".',
            )

    def reserved_names(self, plugin: str) -> Iterator[ReservedName]:
        """Yield the name."""
        yield ReservedName("activity kind", self.name)


@dataclass(frozen=True, kw_only=True)
class Permission(Registration):
    """A permission that the plugin's code checks with `context.require`.

    Args:
        name: The name, with the plugin's name as prefix, such as "manufacturing.sign_off".
        doc: What the permission allows, as one sentence.
    """

    name: str
    doc: str

    expected = "Permission objects"

    def validate(self, plugin: str) -> None:
        """Check the prefix of the name."""
        if not self.name.startswith(f"{plugin}."):
            raise PluginError(
                f"register_roles returned the invalid permission name {self.name!r}.",
                f'Name it "{plugin}.{self.name.rpartition(".")[2]}".',
            )

    def reserved_names(self, plugin: str) -> Iterator[ReservedName]:
        """Yield the name."""
        yield ReservedName("permission", self.name)


@dataclass(frozen=True, kw_only=True)
class RoleDefinition(Registration):
    """A role for API keys, in addition to the built-in roles "admin" and "reader", which cover all entities.

    Args:
        name: The name, such as "technician".
        doc: The users that the role is for, as one sentence.
        reads: The entities that the role may read.
        writes: The entities that the role may read and write.
        permissions: The names of the permissions that the role has.
    """

    name: str
    doc: str
    reads: tuple[type[Entity], ...] = ()
    writes: tuple[type[Entity], ...] = ()
    permissions: tuple[str, ...] = ()

    expected = "RoleDefinition objects"

    def validate(self, plugin: str) -> None:
        """Check the form of the name."""
        if not ROLE.fullmatch(self.name):
            raise PluginError(
                f"register_roles returned the invalid role name {self.name!r}.",
                'Use lower-case letters, digits, "_" and "-", such as "technician".',
            )

    def reserved_names(self, plugin: str) -> Iterator[ReservedName]:
        """Yield the name."""
        yield ReservedName("role", self.name)

    def dependencies(self) -> Iterator[Dependency]:
        """Yield the entities and permissions of the role."""
        user = f"role {self.name}"
        for entity in (*self.reads, *self.writes):
            yield Dependency(user, "entity", entity.__name__)
        for permission in self.permissions:
            yield Dependency(user, "permission", permission)


@dataclass(frozen=True)
class SettingsModel(Registration):
    """The model of a plugin's settings per tenant.

    Args:
        model: The pydantic model.
    """

    model: type[BaseModel]

    expected = "a class derived from pydantic.BaseModel"

    @classmethod
    def from_result(cls, value: object) -> Self | None:
        """Wrap a class derived from pydantic.BaseModel."""
        return cls(value) if isinstance(value, type) and issubclass(value, BaseModel) else None

    @property
    def names(self) -> list[str]:
        """The names of the settings in the API."""
        return [field.alias or name for name, field in self.model.model_fields.items()]

    def validate(self, plugin: str) -> None:
        """Check that the names are unique and that every field has a valid default."""
        for name, count in Counter(self.names).items():
            if count > 1:
                raise PluginError(f"Two settings have the name {name}.", "Rename one of them.")
        try:
            self.model()
        except ValidationError as error:
            fields = ", ".join(".".join(map(str, detail["loc"])) for detail in error.errors())
            raise PluginError(
                f"These settings have no valid default: {fields}.",
                "Give every setting a default: it applies to tenants that do not set it.",
            ) from None


@dataclass(frozen=True, kw_only=True)
class ScheduledJob(Registration):
    """A job with a schedule; the base class of `Job` and `DatabaseJob`."""

    name: str
    doc: str
    cron: str | None = None
    every: timedelta | None = None

    expected = "Job objects"

    def __post_init__(self) -> None:
        if (self.cron is None) == (self.every is None):
            raise DeclarationError(
                f"The job {self.name} needs exactly one schedule.", "Set either `cron` or `every`."
            )
        if self.every is not None and self.every <= timedelta(0):
            raise DeclarationError(
                f"The job {self.name} has the interval {self.every}.", "Set `every` to more than 0 seconds."
            )
        if self.cron is not None:
            self._check_cron(self.cron)

    def _check_cron(self, expression: str) -> None:
        from tenure_core.plugins.cron import is_cron_expression

        if not is_cron_expression(expression):
            raise DeclarationError(
                f"The job {self.name} has the invalid cron expression {expression!r}.",
                'Write minute, hour, day of month, month and day of week: "0 4 * * *".',
            )

    def reserved_names(self, plugin: str) -> Iterator[ReservedName]:
        """Yield the name, qualified with the plugin."""
        yield ReservedName("job", f"{plugin}.{self.name}")


@dataclass(frozen=True, kw_only=True)
class Job(ScheduledJob):
    """A job that runs on a schedule, once for each tenant that has the plugin enabled.

    For one tenant, a job never runs twice at the same time. A job that raises is retried with growing pauses.

    Args:
        name: The name, unique within the plugin.
        doc: What the job does, as one sentence.
        cron: A cron expression in UTC, such as "0 4 * * *". Set either `cron` or `every`.
        every: The interval between runs, counted from 1970-01-01T00:00Z.
        run: The function to run, in a transaction. Writes through the context take effect exactly once. Side
            effects outside the database can occur twice if the job raises or the worker is killed.

    Raises:
        DeclarationError: The schedule is missing or invalid.
    """

    run: Callable[[Context], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class DatabaseJob(ScheduledJob):
    """A job of the platform that runs on a schedule, once per database and without a tenant.

    Args:
        name: The name, unique within the plugin.
        doc: What the job does, as one sentence.
        cron: A cron expression in UTC. Set either `cron` or `every`.
        every: The interval between runs, counted from 1970-01-01T00:00Z.
        run: The function to run. It must be idempotent: it runs again if it raises or the worker is killed.
    """

    run: Callable[[Database, Settings], Awaitable[None]]


@dataclass(frozen=True)
class CommandGroup(Registration):
    """The commands of a plugin.

    Args:
        app: A `typer.Typer`; the core does not depend on typer.
    """

    app: Any

    expected = "a typer.Typer"

    @classmethod
    def from_result(cls, value: object) -> Self | None:
        """Wrap any value: the command line checks it."""
        return cls(value)


@dataclass(frozen=True)
class PluginRoute(Registration):
    """An HTTP route of a plugin.

    Args:
        route: A Starlette route; the core does not depend on Starlette.
    """

    route: Any

    expected = "Starlette Route or Mount objects"

    @classmethod
    def from_result(cls, value: object) -> Self | None:
        """Wrap any value: the application checks it."""
        return cls(value)

    def reserved_names(self, plugin: str) -> Iterator[ReservedName]:
        """Yield the path with each method."""
        path = getattr(self.route, "path", self.route)
        for method in sorted(getattr(self.route, "methods", None) or ("",)):
            yield ReservedName("route", f"/plugins/{plugin}{path} {method}".strip())


@dataclass(frozen=True, kw_only=True)
class DemoAccount:
    """An account of the demo tenant.

    Args:
        id: The id of the record.
        name: The display name.
        industry: The industry; "" if unknown.
        since: The time of the first activity.
    """

    id: UUID
    name: str
    industry: str
    since: datetime


DemoRows = Iterable[tuple["type[Entity]", Sequence[Mapping[str, object]]]]
"""Rows for upserts per entity, in the order in which they are written."""


@dataclass(frozen=True, kw_only=True)
class DemoData(Registration):
    """The demo data of a plugin.

    Args:
        rows: Returns the rows for a random generator, the accounts of the demo, and the end of the generated
            history. Equal arguments must produce equal rows.
    """

    rows: Callable[[random.Random, Sequence[DemoAccount], datetime], DemoRows]

    expected = "DemoData(...)"
