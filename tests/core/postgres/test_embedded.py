"""Embedded PostgreSQL, with real processes: shared use, survival of killed users, stop by the last user."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import psutil
import psycopg
import pytest

from tenure_core.errors import DatabaseUnavailableError
from tenure_core.postgres.embedded import EmbeddedPostgres

USER = """
import sys
from pathlib import Path
from tenure_core.postgres.embedded import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1])) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""
"""A program that uses the server until its standard input is closed."""


@pytest.fixture(scope="module")
def module_home() -> Iterator[Path]:
    """A home that all tests of this module use, because creating the data takes longer than a start.

    It initially contains the files of an interrupted first start.
    """
    with tempfile.TemporaryDirectory(prefix="tenure-test-") as folder:
        incomplete = Path(folder) / "home" / "postgres.new"
        incomplete.mkdir(parents=True)
        (incomplete / "PG_VERSION").write_text("18\n")
        yield incomplete.parent


@pytest.fixture
def home(module_home: Path) -> Iterator[Path]:
    yield module_home
    assert server_processes(module_home) == []


def server_processes(home: Path) -> list[psutil.Process]:
    """Return the running server processes whose data is in a home."""
    data = str(home.resolve() / "postgres")
    return [p for p in psutil.process_iter(["cmdline"]) if is_server(p.info["cmdline"] or [], data)]


def is_server(command: list[str], data: str) -> bool:
    return bool(command) and command[0].endswith("postgres") and data in command


class UserProcess:
    """A second process that uses the server of a home."""

    def __init__(self, home: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", USER, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    @cached_property
    def url(self) -> str:
        """The URL that the process prints when the server is ready."""
        assert self._process.stdout
        return self._process.stdout.readline().strip()

    def stop(self) -> None:
        self._process.communicate()
        assert self._process.returncode == 0

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()


def test_the_start_after_an_interrupted_one_creates_complete_data(home: Path) -> None:
    with EmbeddedPostgres(home) as server, psycopg.connect(server.url) as connection:
        assert connection.info.dbname == "tenure"
    assert not (home / "postgres.new").exists()


def test_it_does_not_listen_on_tcp_and_is_durable(home: Path) -> None:
    wanted = {"listen_addresses": "", "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
    with EmbeddedPostgres(home) as server, psycopg.connect(server.url) as connection:
        shown = {name: connection.execute(f"SHOW {name}").fetchone() for name in wanted}
    assert shown == {name: (value,) for name, value in wanted.items()}


def test_a_server_for_tests_commits_without_durability(home: Path) -> None:
    with EmbeddedPostgres(home, durable=False) as server, psycopg.connect(server.url) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            assert connection.execute(f"SHOW {name}").fetchone() == ("off",)


def test_its_database_is_in_utf8_for_any_environment(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {"LC_ALL": "zh_CN.GB18030", "LANG": "xx", "PGPORT": "1", "PGDATA": "nowhere"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    home = tmp_path_factory.mktemp("embedded")
    with EmbeddedPostgres(home) as server, psycopg.connect(server.url) as connection:
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)


def test_the_data_survives_a_stop(home: Path) -> None:
    with EmbeddedPostgres(home) as server, psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (note text)")
        connection.execute("INSERT INTO kept VALUES ('left')")
    assert server_processes(home) == []
    with EmbeddedPostgres(home) as server, psycopg.connect(server.url) as connection:
        assert ("left",) in connection.execute("SELECT note FROM kept").fetchall()


def test_it_keeps_running_after_a_user_was_killed(home: Path) -> None:
    killed = UserProcess(home)
    with psycopg.connect(killed.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (note text)")
        connection.execute("INSERT INTO kept VALUES ('killed')")
    killed.kill()
    [before] = server_processes(home)
    with EmbeddedPostgres(home) as server, psycopg.connect(server.url) as connection:
        assert server_processes(home) == [before]
        assert ("killed",) in connection.execute("SELECT note FROM kept").fetchall()
    assert server_processes(home) == []


def test_it_recovers_after_all_processes_were_killed(home: Path) -> None:
    killed = UserProcess(home)
    with psycopg.connect(killed.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (note text)")
        connection.execute("INSERT INTO kept VALUES ('crash')")
    [postmaster] = server_processes(home)
    processes = [postmaster, *postmaster.children()]
    killed.kill()
    for process in processes:
        process.kill()
    psutil.wait_procs(processes, timeout=5)
    with EmbeddedPostgres(home) as server, psycopg.connect(server.url) as connection:
        assert ("crash",) in connection.execute("SELECT note FROM kept").fetchall()


def test_it_keeps_running_while_another_process_uses_it(home: Path) -> None:
    with EmbeddedPostgres(home) as server, psycopg.connect(server.url) as connection:
        second = UserProcess(home)
        assert second.url == server.url
        second.stop()
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert len(server_processes(home)) == 1


def test_the_last_user_stops_it(home: Path) -> None:
    first = UserProcess(home)
    assert first.url
    with EmbeddedPostgres(home) as server:
        first.stop()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    assert server_processes(home) == []


def test_concurrent_users_share_one_server(home: Path) -> None:
    users = [UserProcess(home) for _ in range(3)]
    assert len({user.url for user in users}) == 1
    assert len(server_processes(home)) == 1
    for user in users:
        user.stop()


def test_a_signal_during_the_start_stops_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: EmbeddedPostgres) -> None:
        assert server_processes(home)
        raise KeyboardInterrupt

    monkeypatch.setattr(EmbeddedPostgres, "_create_database", interrupt)
    with pytest.raises(KeyboardInterrupt), EmbeddedPostgres(home):
        raise AssertionError
    assert server_processes(home) == []


def test_a_second_stop_has_no_effect(home: Path) -> None:
    server = EmbeddedPostgres(home).start()
    server.stop()
    server.stop()
    assert server_processes(home) == []


def test_a_home_with_a_path_too_long_for_sockets_works(home: Path) -> None:
    with EmbeddedPostgres(home):
        pass
    moved = home.rename(home.parent / ("deep" * 30))
    with EmbeddedPostgres(moved) as server:
        second = UserProcess(moved)
        assert second.url == server.url
        with psycopg.connect(second.url) as connection:
            socket_folder = Path(connection.info.host)
        second.stop()
    assert socket_folder != moved / "postgres"
    assert not socket_folder.exists()
    moved.rename(home)


def test_data_of_another_version_is_rejected_with_the_reason(home: Path) -> None:
    with EmbeddedPostgres(home):
        pass
    version = home / "postgres" / "PG_VERSION"
    version.write_text("16\n")
    try:
        with pytest.raises(
            DatabaseUnavailableError, match=r"can't be started: .*incompatible with server.*DATABASE_URL"
        ):
            EmbeddedPostgres(home).start()
    finally:
        version.write_text("18\n")


def test_a_home_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseUnavailableError, match=r"can't be started: .*DATABASE_URL"):
        EmbeddedPostgres(tmp_path / "file" / "home").start()
