"""Products: the model lines of the equipment that we make."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy.orm import Mapped

from tenure_sdk import Entity, column


class Product(Entity, order_by="name"):
    """A model line of equipment that we make."""

    code: Mapped[str] = column(unique=True, search=True, max_length=50, doc="What we order and sell it by.")
    name: Mapped[str] = column(
        search=True, index=True, max_length=200, doc="The name that people call it by."
    )
    family: Mapped[str | None] = column(search=True, max_length=100, doc="The family that it belongs to.")
    introduced_on: Mapped[date | None] = column(doc="When we began to sell it.")
    discontinued_on: Mapped[date | None] = column(doc="When we ceased to sell it.")
    attributes: Mapped[dict[str, Any]] = column(
        default={}, max_length=65536, doc="An integrator's own fields."
    )
