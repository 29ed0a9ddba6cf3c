"""Listening: subscriptions are opened for those who may, and tell nobody of another tenant's data."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tenure_core.errors import TenureError
from tenure_sdk.checks.arguments import NoValueError
from tenure_sdk.checks.ground import Ground, Holding
from tenure_sdk.checks.questions import Question
from tenure_sdk.trial import Response, Tenant

OPENING_SECONDS = 0.3
"""How long a subscription has to refuse whoever opens it, or to come as far as to hear of what happens."""

QUIET_SECONDS = 0.6
"""For how long nothing is heard any more that has happened."""


@dataclass
class Heard:
    """What an open subscription has told.

    Args:
        events: What it has told so far.
        refusal: The code of an error that came in the place of an event, or ended it; "" where none did.
        reason: What that says.
    """

    events: list[Response] = field(default_factory=list)
    refusal: str = ""
    reason: str = ""

    def take(self, event: Response) -> None:
        """Note an event, and what is wrong with it."""
        self.events.append(event)
        for error in event.get("errors", ()):
            self.refusal, self.reason = error["extensions"]["code"], error["message"]

    async def out(self) -> list[Response]:
        """Return all that was told, once nothing more comes."""
        before = -1
        while len(self.events) > before:
            before = len(self.events)
            await asyncio.sleep(QUIET_SECONDS)
        return self.events


@asynccontextmanager
async def listening(
    ground: Ground, question: Question, tenant: Tenant, holding: Holding
) -> AsyncIterator[Heard]:
    """Open a subscription, and end it again.

    Args:
        ground: Where it is.
        question: The subscription.
        tenant: Who listens.
        holding: Whose records it is about, where it names some.
    """
    heard = Heard()
    task = asyncio.create_task(_listen(ground, question, tenant, holding, heard))
    await asyncio.wait({task}, timeout=OPENING_SECONDS)
    try:
        yield heard
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _listen(ground: Ground, question: Question, tenant: Tenant, holding: Holding, heard: Heard) -> None:
    try:
        values = question.values(ground.tenure.catalog, holding.records)
        async for event in tenant.events(question.text, **values):
            heard.take(event)
    except NoValueError as error:
        heard.refusal, heard.reason = "NO_VALUE", str(error)
    except TenureError as error:
        heard.refusal, heard.reason = error.code, str(error)
