"""Settings: values from the environment, and the variables that stop a start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from tenure_core.errors import SettingError
from tenure_core.settings import OTHER_VARIABLES, RENAMED_VARIABLES, Settings, load_settings

TENURE = str(Path(sys.executable).with_name("tenure"))
CODE = [path for path in Path(__file__).parents[2].glob("[cmpst]*/**/*") if path.suffix in (".py", ".txt")]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TENURE_")]:
        monkeypatch.delenv(name)


def run_tenure(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"} | environment
    return subprocess.run(
        [TENURE, command], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_field_is_read_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://db/tenure")
    monkeypatch.setenv("TENURE_PORT", "9000")
    monkeypatch.setenv("tenure_max_cost", "7")
    settings = load_settings()
    assert (settings.database_url, settings.port, settings.max_cost) == ("postgresql://db/tenure", 9000, 7)


def test_an_override_replaces_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENURE_PORT", "9000")
    assert load_settings(port=9001).port == 9001


@pytest.mark.parametrize(
    ("text", "names"), [("", ()), ("fleet", ("fleet",)), (" fleet, tolls ,", ("fleet", "tolls"))]
)
def test_a_list_is_separated_by_commas(
    monkeypatch: pytest.MonkeyPatch, text: str, names: tuple[str, ...]
) -> None:
    monkeypatch.setenv("TENURE_PLUGINS_ALLOW", text)
    assert load_settings().plugins_allow == names


def test_every_invalid_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENURE_PORT", "many")
    monkeypatch.setenv("TENURE_MAX_COST", "0")
    with pytest.raises(SettingError, match=r"TENURE_PORT: .*'many'.*TENURE_MAX_COST: .*greater than"):
        load_settings()


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("TENURE_PROT", "TENURE_PORT"),
        ("TENURE_MAX_COSTS", "TENURE_MAX_COST"),
        ("tenure_worker_concurency", "TENURE_WORKER_CONCURRENCY"),
        ("TENURE_DATABASE_URL", "DATABASE_URL"),
        ("TENURE_MANUFACTRING_PRIVATE_WEBHOOKS", r"TENURE_MANUFACTURING_\*"),
        ("TENURE_", "TENURE_"),
    ],
)
def test_an_unknown_variable_is_rejected_with_the_nearest_name(
    monkeypatch: pytest.MonkeyPatch, variable: str, nearest: str
) -> None:
    monkeypatch.setenv(variable, "1")
    with pytest.raises(SettingError, match=rf"{variable.upper()} \(did you mean {nearest}"):
        load_settings()


@pytest.mark.parametrize(("old", "new"), sorted(RENAMED_VARIABLES.items()))
def test_an_old_name_is_rejected_with_the_new_name(
    monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    monkeypatch.setenv(old, "1")
    with pytest.raises(SettingError, match=rf"{old} \(renamed to {new}\)"):
        load_settings()


def test_every_new_name_is_a_setting() -> None:
    names = {f"TENURE_{field.upper()}" for field in Settings.model_fields}
    assert names >= set(RENAMED_VARIABLES.values())
    assert names.isdisjoint(RENAMED_VARIABLES)


def test_an_old_failure_policy_is_rejected_with_the_new_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENURE_PLUGIN_FAILURES", "leave_out")
    with pytest.raises(SettingError, match=r"TENURE_PLUGIN_FAILURES: .*leave_out was renamed to skip"):
        load_settings()


def test_settings_of_an_installed_plugin_are_known_without_importing_it() -> None:
    program = (
        "import sys; from tenure_core.settings import load_settings; load_settings(); "
        "print('tenure_manufacturing' in sys.modules)"
    )
    environment = os.environ | {"TENURE_MANUFACTURING_ANYTHING": "1", "TENURE_PLUGINS_ALLOW": ""}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_variables_of_tests_and_makefiles_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OTHER_VARIABLES:
        monkeypatch.setenv(name, "1")
    assert load_settings() == Settings()


@pytest.mark.parametrize("name", OTHER_VARIABLES)
def test_every_accepted_variable_is_read_somewhere(name: str) -> None:
    others = [path for path in CODE if path.name not in ("settings.py", "test_settings.py")]
    assert any(name in path.read_text(encoding="utf-8") for path in others)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_states_its_unit_and_default(name: str) -> None:
    field = Settings.model_fields[name]
    description = field.description or ""
    default = {"": "empty", "()": "empty", "None": "unset", "True": "true"}
    assert f"Default: {default.get(str(field.default), field.default)}" in description
    assert field.default is not PydanticUndefined
    assert "seconds" not in name or "in seconds" in description
    assert "_days" not in name or "in days" in description


@pytest.mark.parametrize("command", ["serve", "migrate", "worker"])
@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("TENURE_PROT", "tenure: Unknown setting: TENURE_PROT (did you mean TENURE_PORT?)."),
        (
            "TENURE_RECEIPT_DAYS",
            "tenure: Unknown setting: TENURE_RECEIPT_DAYS (renamed to TENURE_IDEMPOTENCY_DAYS).",
        ),
    ],
)
def test_a_command_exits_with_3_and_the_message(command: str, variable: str, message: str) -> None:
    done = run_tenure(command, **{variable: "1"})
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"{message} Correct the name of the environment variable or unset it.\n"


def test_serve_rejects_the_old_failure_policy() -> None:
    done = run_tenure("serve", TENURE_PLUGIN_FAILURES="leave_out")
    assert done.returncode == 3
    assert "leave_out was renamed to skip" in done.stderr


def test_doctor_reports_the_unknown_variable_and_exits_with_1() -> None:
    done = run_tenure("doctor", TENURE_PROT="1")
    assert done.returncode == 1
    [line] = [line for line in done.stdout.splitlines() if "TENURE_PROT (did you mean TENURE_PORT?)" in line]
    assert line.split()[1] == "settings"
