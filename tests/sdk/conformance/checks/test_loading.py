"""Starting: hooks that do not exist, and names that two plugins want, are found and named."""

from __future__ import annotations

from types import SimpleNamespace

from tests.sdk.conformance.garage_plugin import garage, sound

from tenure_sdk import Manifest, hookimpl
from tenure_sdk.conformance.checks.loading import check_loading
from tenure_sdk.conformance.fixtures.plugin_set import load_plugin_set
from tenure_sdk.conformance.report import Finding


def findings(plugin: object, *others: object) -> list[Finding]:
    return list(check_loading(load_plugin_set(plugin, others)))


def another(name: str = "other", **hooks: object) -> SimpleNamespace:
    manifest = Manifest(name=name, version="1.0.0", tenure=">=0.1", doc="Another plugin.")
    return SimpleNamespace(MANIFEST=manifest, **hooks)


def test_a_sound_plugin_starts_alone_and_beside_others() -> None:
    assert findings(sound(), another()) == []


def test_a_hook_that_does_not_exist_is_named_with_the_one_that_was_meant() -> None:
    def register_entites() -> list[object]:
        return []

    [found] = findings(another(register_entites=hookimpl(register_entites)))
    assert found.where == "alone"
    assert "register_entites" in found.what
    assert "Do you mean register_entities?" in found.what


def test_a_name_that_another_plugin_has_is_named_with_both() -> None:
    kinds = {"register_activity_kinds": lambda: ["CAR_WASH"]}
    other = another(**{name: hookimpl(function) for name, function in kinds.items()})
    [found] = findings(garage(**kinds), other)
    assert found.where == "beside other"
    assert "CAR_WASH" in found.what
    assert "garage" in found.what
    assert "other" in found.what


def test_commands_behind_one_of_tenures_own_are_found() -> None:
    commands = hookimpl(lambda: None)
    [found] = findings(another("plugin", register_cli=commands))
    assert "`tenure plugin` is a command of Tenure's own" in found.what
    assert findings(another("plugin")) == findings(another("plugins", register_cli=commands)) == []


def test_what_the_plugin_raises_is_told_as_it_is() -> None:
    def register_entities() -> list[object]:
        raise LookupError("no cars today")

    [found] = findings(another(register_entities=hookimpl(register_entities)))
    assert "LookupError: no cars today" in found.what


def test_a_required_plugin_comes_along_and_is_not_among_the_others() -> None:
    needy = SimpleNamespace(
        MANIFEST=Manifest(name="needy", version="1.0.0", tenure=">=0.1", doc="Needs.", requires=("garage",))
    )
    company = load_plugin_set(needy, [sound(), another()])
    assert [plugin.name for plugin in company.alone.plugins] == ["garage", "needy"]
    assert [plugin.name for plugin in company.base.plugins] == ["garage"]
    assert [plugin.name for plugin in company.all.plugins] == ["garage", "other", "needy"]
