"""Parses the guide for plugin authors: the steps of its tutorial and how-to sections, and its reference."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

GUIDE = Path(__file__).parents[2] / "sdk" / "README.md"
EXECUTED_SECTIONS = slice(1, 3)
"""The sections of level 2 whose code blocks are steps: the tutorial and the how-to sections."""

BLOCK = re.compile(r"^```(?P<language>\w+)(?: (?P<file>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
REFERENCE_PART = re.compile(r"<!-- (?P<name>\w+) -->\n(?P<text>.*?)<!-- end -->", re.DOTALL)


@dataclass(frozen=True)
class Step:
    """A code block.

    Args:
        language: The language of the block.
        file: The file that the block contains; "" for none.
        text: The contents of the block.
    """

    language: str
    file: str
    text: str

    @property
    def commands(self) -> list[str]:
        """The commands of a shell block."""
        return self.text.splitlines() if self.language == "sh" else []

    @property
    def response(self) -> Any:
        """The value of a JSON block: the response to the operation before it."""
        return orjson.loads(self.text)


def list_steps() -> Iterator[Step]:
    """Yield the steps in the order of the guide."""
    text = "".join(GUIDE.read_text().split("\n## ")[EXECUTED_SECTIONS])
    for block in BLOCK.finditer(text):
        yield Step(block["language"], block["file"] or "", block["text"])


def reference_parts() -> dict[str, str]:
    """Return the parts of the reference in the guide, by name."""
    return {part["name"]: part["text"].strip() for part in REFERENCE_PART.finditer(GUIDE.read_text())}


def replace_reference(parts: dict[str, str]) -> None:
    """Replace the parts of the reference in the guide."""

    def render(part: re.Match[str]) -> str:
        return f"<!-- {part['name']} -->\n\n{parts[part['name']]}\n\n<!-- end -->"

    GUIDE.write_text(REFERENCE_PART.sub(render, GUIDE.read_text()))
