"""The host: plugins that were found, put in order and loaded, and the catalog of all that they bring."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import TypeVar

import structlog

from tenure_core.assembly import CORE_CHOICES, build_catalog
from tenure_core.catalog import Catalog, RoleInfo
from tenure_core.errors import PluginError, TenureError
from tenure_core.manifest import Manifest
from tenure_core.model import ACTIVITY_KINDS, CORE_ENTITIES
from tenure_core.plugins.claims import refuse_contested
from tenure_core.plugins.discovery import installed
from tenure_core.plugins.loaded import LoadedPlugin, check_hooks, implements, load
from tenure_core.plugins.ordering import ordered
from tenure_core.plugins.validators import validators_of
from tenure_core.registrations import RoleGrants
from tenure_core.settings import Settings

log = structlog.get_logger()

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class FailedPlugin:
    """A plugin that was left out because it failed.

    Args:
        name: Its name.
        reason: Why.
    """

    name: str
    reason: str


@dataclass(frozen=True, eq=False)
class Host:
    """The plugins of one process, in their order.

    Args:
        plugins: Those that were loaded.
        failed: Those that were left out because they failed.
        catalog: What the core and they bring.
    """

    plugins: tuple[LoadedPlugin, ...]
    failed: tuple[FailedPlugin, ...]
    catalog: Catalog

    def __getitem__(self, name: str) -> LoadedPlugin:
        """Return a plugin by its name.

        Raises:
            PluginError: It is not loaded.
        """
        for plugin in self.plugins:
            if plugin.name == name:
                return plugin
        present = ", ".join(plugin.name for plugin in self.plugins) or "none"
        raise PluginError(f"The plugin {name} is not loaded.", f"Loaded are: {present}.")

    def implementing(self, hook: str) -> list[LoadedPlugin]:
        """Return the plugins that implement a hook, in their order."""
        return [plugin for plugin in self.plugins if implements(plugin.hooks, hook)]


def load_host(settings: Settings, plugins: Iterable[object] | None = None) -> Host:
    """Load plugins, and ask each for what it brings.

    Args:
        settings: Which installed plugins are let in, and what to do about one that fails.
        plugins: The modules or objects that hold manifests and hooks; by default those that are installed.

    Raises:
        PluginError: A plugin fails and the settings say to stop, or two contradict each other.
        DeclarationError: What they declare can't be built.
    """
    loading = _Loading(settings.plugin_failures == "leave_out")
    found = dict(loading.found(_installed(settings) if plugins is None else _given(plugins)))
    order = ordered(loading.without_orphans(found))
    loaded = [plugin for manifest in order if (plugin := loading.load(manifest, found[manifest.name][1]))]
    refuse_contested(loaded)
    return Host(tuple(loaded), tuple(loading.failed), _catalog(loaded))


def core_host() -> Host:
    """Return the host without any plugin."""
    return Host((), (), build_catalog())


Source = tuple[str, Callable[[], object]]


def _installed(settings: Settings) -> Iterator[Source]:
    for point in installed(settings):
        yield point.name, point.load


def _given(plugins: Iterable[object]) -> Iterator[Source]:
    for plugin in plugins:
        yield _manifest(plugin).name, lambda plugin=plugin: plugin  # type: ignore[misc]  # binds the loop's value


def _manifest(hooks: object) -> Manifest:
    manifest = getattr(hooks, "MANIFEST", None)
    if not isinstance(manifest, Manifest):
        raise PluginError("It has no MANIFEST.", "Set MANIFEST = Manifest(...) beside its hooks.")
    return manifest


class _Loading:
    """Loads plugins one by one, and stops at the first that fails or leaves it out."""

    def __init__(self, leave_out: bool) -> None:
        self._leave_out = leave_out
        self.failed: list[FailedPlugin] = []

    def found(self, sources: Iterable[Source]) -> Iterator[tuple[str, tuple[Manifest, object]]]:
        """Import plugins, and read their manifests."""
        for name, source in sources:
            if read := self._attempt(name, lambda name=name, source=source: _read(name, source)):  # type: ignore[misc]
                yield name, read

    def without_orphans(self, found: Mapping[str, tuple[Manifest, object]]) -> list[Manifest]:
        """Return the manifests of those whose requirements were not left out."""
        manifests = [manifest for manifest, _ in found.values()]
        gone = {one.name for one in self.failed}
        while orphans := [m for m in manifests if gone.intersection(m.requires)]:
            for manifest in orphans:
                missing = ", ".join(gone.intersection(manifest.requires))
                self._fail(manifest.name, PluginError(f"It requires {missing}, which was left out."))
                gone.add(manifest.name)
                manifests.remove(manifest)
        return manifests

    def load(self, manifest: Manifest, hooks: object) -> LoadedPlugin | None:
        """Ask a plugin for all that it brings."""
        return self._attempt(manifest.name, lambda: load(manifest, hooks))

    def _attempt(self, name: str, work: Callable[[], Result]) -> Result | None:
        try:
            return work()
        except Exception as error:
            self._fail(name, error)
            return None

    def _fail(self, name: str, error: Exception) -> None:
        reason = str(error) if isinstance(error, TenureError) else f"{type(error).__name__}: {error}"
        if not self._leave_out:
            raise PluginError(
                f"The plugin {name} failed at the start: {reason}",
                "Mend it, or leave it out with TENURE_PLUGINS_DENY.",
            ) from error
        log.warning("a plugin was left out", plugin=name, reason=reason, exc_info=error)
        self.failed.append(FailedPlugin(name, reason))


def _read(name: str, source: Callable[[], object]) -> tuple[Manifest, object]:
    hooks = source()
    manifest = _manifest(hooks)
    if manifest.name != name:
        raise PluginError(
            f"Its entry point calls it {name}, and its manifest {manifest.name}.", "Use one name."
        )
    tenure = version("tenure-core")
    if not manifest.works_with(tenure):
        raise PluginError(
            f"It works with Tenure {manifest.tenure}, and this is {tenure}.",
            "Install a version of it that works with this Tenure.",
        )
    check_hooks(hooks)
    return manifest, hooks


def _catalog(plugins: Iterable[LoadedPlugin]) -> Catalog:
    listed = list(plugins)
    kinds = (*ACTIVITY_KINDS, *(kind for plugin in listed for kind in plugin.activity_kinds))
    return build_catalog(
        (*CORE_ENTITIES, *(entity for plugin in listed for entity in plugin.entities)),
        {**CORE_CHOICES, "ActivityKind": kinds},
        plugins={entity.__name__: plugin.name for plugin in listed for entity in plugin.entities},
        computed=[(plugin.name, one) for plugin in listed for one in plugin.computed],
        roles=[_role(plugin.name, role) for plugin in listed for role in plugin.roles],
        permissions={one.name: plugin.name for plugin in listed for one in plugin.permissions},
        validators=validators_of(listed),
    )


def _role(plugin: str, role: RoleGrants) -> RoleInfo:
    return RoleInfo(
        role.name,
        plugin,
        frozenset(entity.__name__ for entity in role.reads),
        frozenset(entity.__name__ for entity in role.writes),
        frozenset(role.permissions),
    )
