"""The guide for authors of plugins, as tests read it: files, commands, questions with their answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

GUIDE = Path(__file__).parents[2] / "sdk" / "README.md"
BLOCK = re.compile(r"^```(?P<language>\w+)(?: (?P<file>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
PART = re.compile(r"<!-- (?P<name>\w+) -->\n(?P<text>.*?)<!-- end -->", re.DOTALL)


@dataclass(frozen=True)
class Step:
    """A block of the tutorial.

    Args:
        language: What it is written in.
        file: The file that it is the text of; "" for none.
        text: What it says.
    """

    language: str
    file: str
    text: str

    @property
    def commands(self) -> list[str]:
        """Its commands, where it is one for a shell."""
        return self.text.splitlines() if self.language == "sh" else []

    @property
    def answer(self) -> Any:
        """Its value, where it is an answer."""
        return orjson.loads(self.text)


def steps() -> Iterator[Step]:
    """Yield the blocks of the tutorial, and of what it is continued with, in their order."""
    tutorial = "".join(GUIDE.read_text().split("\n## ")[1:3])
    for block in BLOCK.finditer(tutorial):
        yield Step(block["language"], block["file"] or "", block["text"])


def parts() -> dict[str, str]:
    """Return the parts of the reference by their names."""
    return {part["name"]: part["text"].strip() for part in PART.finditer(GUIDE.read_text())}


def with_parts(made: dict[str, str]) -> str:
    """Return the guide with the given parts in the places of its own."""
    return PART.sub(
        lambda part: f"<!-- {part['name']} -->\n\n{made[part['name']]}\n\n<!-- end -->", GUIDE.read_text()
    )
