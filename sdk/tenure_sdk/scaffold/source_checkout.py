"""The checkout that Tenure is installed from, where it is: a new plugin's tests run on the same."""

from __future__ import annotations

import json
from importlib.metadata import distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit

FILE = "local.mk"
"""What the plugin's Makefile reads, and git leaves alone: it holds on the author's machine only."""

TEXT = """\
# The checkout of Tenure that this plugin was made with. Without this file, or with TENURE_SOURCE= in the
# environment, Tenure is installed from packages.

TENURE_SOURCE ?= {checkout}
"""


def checkout() -> Path | None:
    """Return the checkout that Tenure is installed from, editable; None where it is from packages."""
    told = json.loads(distribution("tenure-sdk").read_text("direct_url.json") or "{}")
    if not told.get("dir_info", {}).get("editable"):
        return None
    return Path(unquote(urlsplit(told["url"]).path)).parent


def keep_checkout(folder: Path) -> Path | None:
    """Have a plugin install Tenure from where it is installed from here.

    Args:
        folder: The plugin's.

    Returns:
        What was written; None where Tenure is from packages, as it is in the plugin's environment, too.
    """
    source = checkout()
    if source is None:
        return None
    place = folder / FILE
    place.write_text(TEXT.format(checkout=source))
    return place
