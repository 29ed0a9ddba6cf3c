"""Parses the code blocks of README.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

README = Path(__file__).parents[2] / "README.md"
TOUR, PLUGINS, RETAIL = "A tour", "Plugins", "Import a CSV file"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """A code block.

    Args:
        language: The language.
        text: The code.
        response: The JSON block directly after a query; None without one.
        section: The heading above it. Each section has its own data.
    """

    language: str
    text: str
    response: Any
    section: str

    @property
    def lines(self) -> list[str]:
        """The commands of a shell block, each on one line."""
        return self.text.replace("\\\n", " ").splitlines()


def examples() -> list[Example]:
    """Return all code blocks, in order."""
    text = README.read_text()
    blocks = list(BLOCK.finditer(text))
    result = []
    for block, after in zip(blocks, [*blocks[1:], None], strict=True):
        has_response = block[1] == "graphql" and after is not None and after[1] == "json"
        response = orjson.loads(after[2]) if has_response and after else None
        section = HEADING.findall(text, 0, block.start())[-1]
        result.append(Example(block[1], block[2], response, section))
    return result


def title(example: Example) -> str:
    """Return a short name of a query, for test reports."""
    return example.text.split("(")[0].strip(" {\n")


def queries(section: str) -> list[Example]:
    """Return the GraphQL examples below a heading."""
    return [example for example in examples() if example.language == "graphql" and example.section == section]
