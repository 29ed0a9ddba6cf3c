"""Product lines of equipment."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy.orm import Mapped

from tenure_sdk import Entity, column


class Product(Entity, order_by="name"):
    """A product line of equipment."""

    code: Mapped[str] = column(unique=True, search=True, max_length=50, doc="Product code.")
    name: Mapped[str] = column(search=True, index=True, max_length=200, doc="Display name.")
    family: Mapped[str | None] = column(search=True, max_length=100, doc="Product family.")
    introduced_on: Mapped[date | None] = column(doc="First day of sale.")
    discontinued_on: Mapped[date | None] = column(doc="Last day of sale; null while the product is sold.")
    attributes: Mapped[dict[str, Any]] = column(
        default={}, max_length=65536, doc="Custom attributes: a JSON object that integrations define."
    )
