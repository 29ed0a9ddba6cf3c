"""The files of GraphiQL: their versions and integrity hashes, where they lie, and how npm brings them."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tenure_core.errors import TenureError

NPM_SECONDS = 120
"""How long npm may take: the four megabytes need a few seconds where there is a way out."""


class IdeInstallError(TenureError):
    """GraphiQL's files can't be brought."""

    code = "IDE_NOT_INSTALLED"


@dataclass(frozen=True)
class IdeFile:
    """One file of an npm package.

    Args:
        package: The package's name and version, as npm writes them.
        path: The file's path in the package.
        integrity: The file's hash, as browsers check it (W3C Subresource Integrity).
    """

    package: str
    path: str
    integrity: str

    @property
    def name(self) -> str:
        """Where the file lies under the IDE's folder, and in every mirror of npm."""
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
"""Everything that the IDE page needs, in the order that it loads them."""


def ide_folder(home: Path) -> Path:
    """Return the folder that GraphiQL's files lie in."""
    return home / "ide"


def is_installed(home: Path) -> bool:
    """Return whether every file of GraphiQL is there."""
    return all((ide_folder(home) / file.name).is_file() for file in IDE_FILES)


def install(home: Path) -> Path:
    """Bring GraphiQL's files with npm, check each against its hash, and return the folder that they lie in.

    Args:
        home: Tenure's home; the files come to lie in its folder `ide`.

    Raises:
        IdeInstallError: There is no npm, it can't reach its registry, or a file is not the one we know.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise IdeInstallError(
            "GraphiQL's files are brought by npm, which is not installed.", "Install Node.js."
        )
    with tempfile.TemporaryDirectory() as folder:
        packages = tuple(dict.fromkeys(file.package for file in IDE_FILES))
        _fetch(npm, packages, Path(folder))
        contents = [_checked(file, Path(folder)) for file in IDE_FILES]
    for file, content in zip(IDE_FILES, contents, strict=True):
        _put(ide_folder(home) / file.name, content)
    return ide_folder(home)


def _fetch(npm: str, packages: tuple[str, ...], folder: Path) -> None:
    command = [npm, "pack", "--loglevel=error", "--ignore-scripts", "--fetch-retries=1", *packages]
    try:
        done = subprocess.run(  # noqa: S603  # no word of the command is a user's
            command, cwd=folder, check=False, capture_output=True, text=True, timeout=NPM_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise IdeInstallError(f"npm gave no answer within {NPM_SECONDS} s.", "Check the way out.") from None
    if done.returncode != 0:
        reason = ", ".join(line.removeprefix("npm error ") for line in done.stderr.splitlines()[:2])
        raise IdeInstallError(f"npm could not bring {', '.join(packages)}: {reason}.", "Check the way out.")


def _checked(file: IdeFile, folder: Path) -> bytes:
    archive = folder / (file.package.replace("@", "-") + ".tgz")
    with tarfile.open(archive) as packed:
        member = packed.extractfile(f"package/{file.path}")
        content = member.read() if member else b""
    found = "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()
    if found != file.integrity:
        raise IdeInstallError(f"{file.name} is not the file that we know: its hash is {found}.")
    return content


def _put(path: Path, content: bytes) -> None:
    """Write a file so that a server that runs meanwhile sees it whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    partial.replace(path)
