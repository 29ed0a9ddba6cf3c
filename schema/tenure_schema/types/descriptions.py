"""Text that the descriptions of the schema share: names of entities in sentences, limits and defaults."""

from __future__ import annotations

import re

from tenure_core.catalog.fields import ScalarField

DESCRIBED_DEFAULTS = {"[]": "an empty list", "{}": "an empty object", "True": "true", "False": "false"}

FIXED_LENGTH_FORMATS = ("country", "currency")


def label(name: str) -> str:
    """Return an API name as words: workOrder becomes "work order"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower()


def with_article(name: str) -> str:
    """Return an API name as words with the indefinite article: account becomes "an account"."""
    article = "an" if name[0] in "aeiou" and not name.startswith(("eu", "one", "uni", "use")) else "a"
    return f"{article} {label(name)}"


def describe_input(field: ScalarField, *, creating: bool = False) -> str:
    """Return the description of a field in an input: what it is, its limits and its default."""
    sentences = [field.description, *_describe_limits(field)]
    if creating and field.default is not None:
        default = str(field.default)
        sentences.append(f"Default: {DESCRIBED_DEFAULTS.get(default, default)}.")
    return " ".join(sentences)


def _describe_limits(field: ScalarField) -> list[str]:
    limits, constraints = [], field.constraints
    if constraints.max_length is not None and constraints.format not in FIXED_LENGTH_FORMATS:
        limits.append(f"At most {constraints.max_length:,} {field.scalar_type.length_unit}.")
    if constraints.minimum is not None:
        limits.append(f"At least {constraints.minimum:g}.")
    if constraints.maximum is not None:
        limits.append(f"At most {constraints.maximum:g}.")
    if field.unique:
        limits.append("Unique among the tenant's records that are not deleted.")
    return limits
