"""server.py: the application for ASGI servers."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from starlette.applications import Starlette

from tenure_core.errors import SettingError

SERVER = str(Path(__file__).parent.parent / "server.py")


def test_it_creates_the_app_for_database_url(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert isinstance(runpy.run_path(SERVER)["app"], Starlette)


def test_without_database_url_it_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(SettingError, match="DATABASE_URL is not set"):
        runpy.run_path(SERVER)
