"""server.py, the way in for other ASGI servers."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from starlette.applications import Starlette

from tenure_core.errors import SettingError

SERVER = str(Path(__file__).parent.parent / "server.py")


def test_it_offers_the_app_of_the_environments_database(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert isinstance(runpy.run_path(SERVER)["app"], Starlette)


def test_without_a_database_it_says_which_variable_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(SettingError, match="DATABASE_URL is not set"):
        runpy.run_path(SERVER)
