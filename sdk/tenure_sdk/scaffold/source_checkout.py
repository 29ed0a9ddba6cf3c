"""Links a new plugin to the source checkout from which Tenure is installed, if there is one."""

from __future__ import annotations

import json
from importlib.metadata import distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit

FILE_NAME = "local.mk"
"""Included by the plugin's Makefile and ignored by git, because it contains a path of this machine."""

TEXT = """\
# The source checkout of Tenure that created this plugin. Without this file, or with an empty TENURE_SOURCE in
# the environment, Tenure is installed from packages.

TENURE_SOURCE ?= {checkout}
"""


def find_checkout() -> Path | None:
    """Return the checkout from which Tenure is installed in editable mode; None if it is not."""
    direct_url = json.loads(distribution("tenure-sdk").read_text("direct_url.json") or "{}")
    if not direct_url.get("dir_info", {}).get("editable"):
        return None
    return Path(unquote(urlsplit(direct_url["url"]).path)).parent


def write_checkout_file(folder: Path) -> Path | None:
    """Make a plugin install Tenure from the same checkout.

    Args:
        folder: The folder of the plugin.

    Returns:
        The file; None if Tenure is not installed from a checkout.
    """
    checkout = find_checkout()
    if checkout is None:
        return None
    path = folder / FILE_NAME
    path.write_text(TEXT.format(checkout=checkout))
    return path
