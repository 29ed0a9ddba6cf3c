"""Hook implementations are checked against their specifications."""

from __future__ import annotations

import pytest
from tests.support.plugin_factory import plugin
from tests.support.registering_plugins import STOP, Vehicle, load_error

from tenure_core.entities.declaration import Entity
from tenure_core.plugins.context import Context
from tenure_core.plugins.hookspecs import hookimpl
from tenure_core.plugins.host import load_host


def test_an_unknown_hook_is_rejected_with_the_most_similar_one() -> None:
    @hookimpl
    def register_entity() -> list[type[Entity]]:
        return []

    message = load_error(plugin(register_entity=register_entity))
    assert "fleet failed at startup" in message
    assert "register_entity implements the unknown hook register_entity" in message
    assert "Did you mean register_entities?" in message


def test_an_unknown_hook_without_a_similar_one_is_rejected_with_the_list_of_hooks() -> None:
    @hookimpl
    def before_breakfast() -> None:
        """Do nothing."""

    message = load_error(plugin(before_breakfast=before_breakfast))
    assert "Hooks: register_entities, register_computed_fields," in message


def test_an_unknown_argument_is_rejected_with_the_list_of_arguments() -> None:
    @hookimpl
    async def on_change(context: Context, change: object) -> None:
        """Do nothing."""

    message = load_error(plugin(on_change=on_change))
    assert "on_change takes change, which the hook on_change does not pass" in message
    assert "The arguments of the hook are: context, changes." in message


def test_unused_arguments_can_be_omitted() -> None:
    @hookimpl
    async def on_change(changes: object) -> None:
        """Do nothing."""

    assert load_host(STOP, [plugin(on_change=on_change)]).plugins


def test_a_function_with_the_name_of_a_hook_must_be_marked() -> None:
    def register_entities() -> list[type[Entity]]:
        return [Vehicle]

    message = load_error(plugin(register_entities=register_entities))
    assert "register_entities has the name of a hook but is not marked as a hook" in message
    assert "@hookimpl" in message


@pytest.mark.parametrize("hook", ["on_change", "validate_write", "on_startup", "on_shutdown"])
def test_an_asynchronous_hook_must_be_asynchronous(hook: str) -> None:
    message = load_error(plugin(**{hook: hookimpl(lambda: None)}))
    assert f"Define it as `async def {hook}`" in message


def test_a_synchronous_hook_must_not_be_asynchronous() -> None:
    @hookimpl
    async def register_entities() -> list[type[Entity]]:
        return [Vehicle]

    assert "Define it as `def register_entities`" in load_error(plugin(register_entities=register_entities))
