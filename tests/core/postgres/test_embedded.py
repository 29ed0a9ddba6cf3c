"""The embedded PostgreSQL, with real processes: shared, found after a kill, stopped by its last user."""

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
"""A process that uses the server until its standard input is closed."""


@pytest.fixture(scope="module")
def module_home() -> Iterator[Path]:
    """A home that these tests use one after the other, because making the data takes longer than starting.

    It begins as an interrupted first start leaves it.
    """
    with tempfile.TemporaryDirectory(prefix="tenure-test-") as folder:
        half_made = Path(folder) / "home" / "postgres.new"
        half_made.mkdir(parents=True)
        (half_made / "PG_VERSION").write_text("18\n")
        yield half_made.parent


@pytest.fixture
def home(module_home: Path) -> Iterator[Path]:
    yield module_home
    assert servers(module_home) == []


def servers(home: Path) -> list[psutil.Process]:
    """Return the living server processes with their data under a home."""
    data = str(home.resolve() / "postgres")
    return [one for one in psutil.process_iter(["cmdline"]) if is_server(one.info["cmdline"] or [], data)]


def is_server(command: list[str], data: str) -> bool:
    return bool(command) and command[0].endswith("postgres") and data in command


class UsingProcess:
    """A second process with the same home."""

    def __init__(self, home: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", USER, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    @cached_property
    def url(self) -> str:
        """What the process says as soon as the server serves it."""
        assert self._process.stdout
        return self._process.stdout.readline().strip()

    def leave(self) -> None:
        self._process.communicate()
        assert self._process.returncode == 0

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()


def test_an_interrupted_first_start_leaves_nothing_half_made(home: Path) -> None:
    with EmbeddedPostgres(home) as server, psycopg.connect(server.url) as connection:
        assert connection.info.dbname == "tenure"
    assert not (home / "postgres.new").exists()


def test_it_listens_on_no_network_and_keeps_what_it_confirmed(home: Path) -> None:
    wanted = {"listen_addresses": "", "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
    with EmbeddedPostgres(home) as server, psycopg.connect(server.url) as connection:
        shown = {name: connection.execute(f"SHOW {name}").fetchone() for name in wanted}
    assert shown == {name: (value,) for name, value in wanted.items()}


def test_its_database_is_in_utf8_whatever_the_environment_says(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    misleading = {"LC_ALL": "zh_CN.GB18030", "LANG": "xx", "PGPORT": "1", "PGDATA": "nowhere"}
    for name, value in misleading.items():
        monkeypatch.setenv(name, value)
    home = tmp_path_factory.mktemp("embedded")
    with EmbeddedPostgres(home) as server, psycopg.connect(server.url) as connection:
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)


def test_leaving_stops_it_and_the_next_start_finds_the_data(home: Path) -> None:
    with EmbeddedPostgres(home) as server, psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (note text)")
        connection.execute("INSERT INTO kept VALUES ('left')")
    assert servers(home) == []
    with EmbeddedPostgres(home) as server, psycopg.connect(server.url) as connection:
        assert ("left",) in connection.execute("SELECT note FROM kept").fetchall()


def test_a_killed_user_leaves_it_running_and_the_next_one_finds_it_with_the_data(home: Path) -> None:
    killed = UsingProcess(home)
    with psycopg.connect(killed.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (note text)")
        connection.execute("INSERT INTO kept VALUES ('killed')")
    killed.kill()
    [before] = servers(home)
    with EmbeddedPostgres(home) as server, psycopg.connect(server.url) as connection:
        assert servers(home) == [before]
        assert ("killed",) in connection.execute("SELECT note FROM kept").fetchall()
    assert servers(home) == []


def test_it_recovers_when_everything_was_killed(home: Path) -> None:
    killed = UsingProcess(home)
    with psycopg.connect(killed.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (note text)")
        connection.execute("INSERT INTO kept VALUES ('crash')")
    [postmaster] = servers(home)
    doomed = [postmaster, *postmaster.children()]
    killed.kill()
    for process in doomed:
        process.kill()
    psutil.wait_procs(doomed, timeout=5)
    with EmbeddedPostgres(home) as server, psycopg.connect(server.url) as connection:
        assert ("crash",) in connection.execute("SELECT note FROM kept").fetchall()


def test_a_second_user_does_not_stop_it_under_the_first(home: Path) -> None:
    with EmbeddedPostgres(home) as server, psycopg.connect(server.url) as connection:
        second = UsingProcess(home)
        assert second.url == server.url
        second.leave()
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert len(servers(home)) == 1


def test_the_last_user_stops_it_whoever_started_it(home: Path) -> None:
    first = UsingProcess(home)
    assert first.url
    with EmbeddedPostgres(home) as server:
        first.leave()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    assert servers(home) == []


def test_users_who_start_at_once_share_one_server(home: Path) -> None:
    users = [UsingProcess(home) for _ in range(3)]
    assert len({one.url for one in users}) == 1
    assert len(servers(home)) == 1
    for one in users:
        one.leave()


def test_stopping_twice_is_harmless(home: Path) -> None:
    server = EmbeddedPostgres(home).start()
    server.stop()
    server.stop()
    assert servers(home) == []


def test_a_home_that_moved_to_a_path_too_long_for_sockets_serves_all_the_same(home: Path) -> None:
    with EmbeddedPostgres(home):
        pass
    moved = home.rename(home.parent / ("deep" * 30))
    with EmbeddedPostgres(moved) as server:
        second = UsingProcess(moved)
        assert second.url == server.url
        with psycopg.connect(second.url) as connection:
            socket_folder = Path(connection.info.host)
        second.leave()
    assert socket_folder != moved / "postgres"
    assert not socket_folder.exists()
    moved.rename(home)


def test_data_of_another_version_is_refused_with_the_reason(home: Path) -> None:
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


def test_a_home_that_can_not_be_made_is_an_error_for_people(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseUnavailableError, match=r"can't be started: .*DATABASE_URL"):
        EmbeddedPostgres(tmp_path / "file" / "home").start()
