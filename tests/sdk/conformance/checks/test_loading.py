"""Errors at loading and conflicts between plugins are reported."""

from __future__ import annotations

from types import SimpleNamespace

from tests.sdk.conformance.garage_plugin import garage_plugin, valid_plugin

from tenure_sdk import Manifest, hookimpl
from tenure_sdk.conformance.checks.loading import check_loading
from tenure_sdk.conformance.fixtures.plugin_set import load_plugin_set
from tenure_sdk.conformance.report import Finding


def findings_of(plugin: object, *others: object) -> list[Finding]:
    return list(check_loading(load_plugin_set(plugin, others)))


def other_plugin(name: str = "other", **hooks: object) -> SimpleNamespace:
    manifest = Manifest(name=name, version="1.0.0", tenure=">=0.1", doc="Another plugin.")
    return SimpleNamespace(MANIFEST=manifest, **hooks)


def test_a_valid_plugin_loads_alone_and_with_others() -> None:
    assert findings_of(valid_plugin(), other_plugin()) == []


def test_an_unknown_hook_is_reported_with_the_nearest_name() -> None:
    def register_entites() -> list[object]:
        return []

    [finding] = findings_of(other_plugin(register_entites=hookimpl(register_entites)))
    assert finding.where == "alone"
    assert "register_entites" in finding.message
    assert "Did you mean register_entities?" in finding.message


def test_a_name_of_two_plugins_is_reported_with_both() -> None:
    kinds = {"register_activity_kinds": lambda: ["CAR_WASH"]}
    other = other_plugin(**{name: hookimpl(function) for name, function in kinds.items()})
    [finding] = findings_of(garage_plugin(**kinds), other)
    assert finding.where == "together with other"
    assert "CAR_WASH" in finding.message
    assert "garage" in finding.message
    assert "other" in finding.message


def test_a_plugin_with_commands_and_the_name_of_a_built_in_command_is_reported() -> None:
    commands = hookimpl(lambda: None)
    [finding] = findings_of(other_plugin("plugin", register_cli=commands))
    assert "`tenure plugin` is a built-in command" in finding.message
    assert findings_of(other_plugin("plugin")) == []
    assert findings_of(other_plugin("plugins", register_cli=commands)) == []


def test_exceptions_of_the_plugin_are_reported_with_type_and_message() -> None:
    def register_entities() -> list[object]:
        raise LookupError("no cars today")

    [finding] = findings_of(other_plugin(register_entities=hookimpl(register_entities)))
    assert "LookupError: no cars today" in finding.message


def test_a_required_plugin_is_loaded_with_the_plugin() -> None:
    manifest = Manifest(name="needy", version="1.0.0", tenure=">=0.1", doc="Needs.", requires=("garage",))
    plugin_set = load_plugin_set(SimpleNamespace(MANIFEST=manifest), [valid_plugin(), other_plugin()])
    assert [plugin.name for plugin in plugin_set.alone.plugins] == ["garage", "needy"]
    assert [plugin.name for plugin in plugin_set.base.plugins] == ["garage"]
    assert [plugin.name for plugin in plugin_set.all.plugins] == ["garage", "other", "needy"]
