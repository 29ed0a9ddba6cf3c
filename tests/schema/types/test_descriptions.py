"""Names of entities in sentences, and the limits and defaults of input fields."""

from __future__ import annotations

import pytest

from tenure_core.catalog.catalog import Catalog
from tenure_core.catalog.fields import ScalarField
from tenure_schema.types.descriptions import describe_input, label, with_article


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("account", "an account"),
        ("contact", "a contact"),
        ("workOrder", "a work order"),
        ("errorEvent", "an error event"),
        ("unit", "a unit"),
        ("user", "a user"),
        ("umbrella", "an umbrella"),
        ("oneTimeOffer", "a one time offer"),
    ],
)
def test_the_article_fits_the_name(name: str, expected: str) -> None:
    assert with_article(name) == expected


def test_a_label_has_words() -> None:
    assert label("maintenancePlans") == "maintenance plans"


@pytest.mark.parametrize(
    ("path", "creating", "expected"),
    [
        ("Account.name", True, "Display name. At most 200 characters."),
        ("Account.lifecycleStage", True, "Stage in the customer lifecycle. Default: LEAD."),
        ("Account.lifecycleStage", False, "Stage in the customer lifecycle."),
        ("Account.tags", True, "Tags. At most 100 members. Default: an empty list."),
        ("Account.employees", False, "Number of employees. At least 0."),
        (
            "Activity.sentiment",
            False,
            "Sentiment of the customer, from -1 (negative) to 1 (positive). At least -1. At most 1.",
        ),
    ],
)
def test_an_input_field_has_its_limits_and_its_default(
    catalog: Catalog, path: str, creating: bool, expected: str
) -> None:
    entity, name = path.split(".")
    field = catalog[entity].fields[name]
    assert isinstance(field, ScalarField)
    assert describe_input(field, creating=creating) == expected
