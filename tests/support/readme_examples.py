"""The examples of the README, as tests read them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

README = Path(__file__).parents[2] / "README.md"
TOUR, PLUGINS, RETAIL = "A tour", "Plugins", "Real customers: import a file"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """One fenced block.

    Args:
        language: What it is written in.
        text: What it says.
        answer: The JSON block right after a query; None where there is none.
        section: The heading that it stands under: another data set for each.
    """

    language: str
    text: str
    answer: Any
    section: str

    @property
    def lines(self) -> list[str]:
        """Its commands, each on one line."""
        return self.text.replace("\\\n", " ").splitlines()


def examples() -> list[Example]:
    """Return all of them, in order."""
    text = README.read_text()
    blocks = list(BLOCK.finditer(text))
    found = []
    for block, after in zip(blocks, [*blocks[1:], None], strict=True):
        answered = block[1] == "graphql" and after is not None and after[1] == "json"
        answer = orjson.loads(after[2]) if answered and after else None
        section = HEADING.findall(text, 0, block.start())[-1]
        found.append(Example(block[1], block[2], answer, section))
    return found


def title(example: Example) -> str:
    """Return a short name of a query, for test reports."""
    return example.text.split("(")[0].strip(" {\n")


def queries(section: str) -> list[Example]:
    """Return the GraphQL examples below a heading."""
    return [one for one in examples() if one.language == "graphql" and one.section == section]
