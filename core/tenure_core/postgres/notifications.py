"""Wakes: whoever waits for a tenant's changes is woken when some are committed, in whatever process that was.

What changed is not told: a reader reads the change feed. So a wake may be lost, or come for nothing; and
since others than Tenure may write, who wake nobody, a reader looks now and then without one.

A process tells of its commits by NOTIFY, after them and not within: a transaction that notifies lets no
other one commit meanwhile. (Eight writers of single rows did 1,300 commits a second, and 490 with a NOTIFY
in each.)
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import Context

import psycopg
import structlog

from tenure_core.errors import TenureError

CHANNEL = "tenure_changes"
NOTIFY_SECONDS = 0.05
"""What is committed meanwhile is told together."""

POLL_SECONDS = 5.0
RECONNECT_SECONDS = 1.0

log = structlog.get_logger()

Tenants = frozenset[uuid.UUID]
Tell = Callable[[Tenants], Awaitable[None]]


class _Subscriber:
    """Somebody who waits, and the tenants that were told of since the last look."""

    def __init__(self, tenant_id: uuid.UUID | None) -> None:
        self.tenant_id = tenant_id
        self.tenants: set[uuid.UUID] = set()
        self.told = asyncio.Event()
        self.next_look = 0.0

    def notify(self, tenant_id: uuid.UUID) -> None:
        """Wake them, if it is a tenant that they wait for."""
        if self.tenant_id in (None, tenant_id):
            self.tenants.add(tenant_id)
            self.told.set()

    def notify_all(self) -> None:
        """Wake them, because something may have been missed."""
        self.next_look = 0.0
        self.told.set()

    async def wait(self) -> Tenants | None:
        """Return the tenants that were told of; None when it is time to look at all."""
        loop = asyncio.get_running_loop()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self.next_look):
                await self.told.wait()
        self.told.clear()
        told, self.tenants = frozenset(self.tenants), set()
        if loop.time() < self.next_look:
            return told
        self.next_look = loop.time() + POLL_SECONDS
        return None


class ChangeNotifier:
    """The wakes of one process. It listens, over a connection of its own, once somebody waits.

    Args:
        conninfo: How to connect for listening.
        send: Tells all processes of tenants.
    """

    def __init__(self, conninfo: str, send: Tell) -> None:
        self._conninfo = conninfo
        self._send = send
        self._unsent: set[uuid.UUID] = set()
        self._waiters: set[_Subscriber] = set()
        self._sending: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None

    def notify(self, tenant_id: uuid.UUID) -> None:
        """Wake all who wait for a tenant's changes, because some were committed."""
        self._unsent.add(tenant_id)
        if self._sending is None or self._sending.done():
            self._sending = _start_task(self._keep_sending())

    async def subscribe(self, tenant_id: uuid.UUID | None = None) -> AsyncGenerator[Tenants | None]:
        """Yield at once, and then each time that there may be new changes.

        Args:
            tenant_id: Whose changes; by default everybody's.

        Yields:
            The tenants that may have some; None for all, which comes every few seconds.
        """
        if self._listening is None:
            self._listening = _start_task(self._keep_listening())
        waiter = _Subscriber(tenant_id)
        self._waiters.add(waiter)
        try:
            while True:
                yield await waiter.wait()
        finally:
            self._waiters.discard(waiter)

    async def close(self) -> None:
        """Stop listening, and tell what is yet to be told."""
        for task in (self._listening, self._sending):
            if task:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        await self._send_unsent()

    async def _keep_sending(self) -> None:
        while self._unsent:
            await self._send_unsent()
            await asyncio.sleep(NOTIFY_SECONDS)

    async def _send_unsent(self) -> None:
        tenants, self._unsent = frozenset(self._unsent), set()
        try:
            if tenants:
                await self._send(tenants)
        except TenureError as error:
            log.warning(
                "readers of the change feed were not woken; they look by themselves", reason=str(error)
            )

    async def _keep_listening(self) -> None:
        while True:
            try:
                await self._listen()
            except (psycopg.Error, ValueError) as error:
                log.warning("listening for changes failed and will be tried again", reason=str(error))
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self) -> None:
        connection = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True)
        async with connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            for waiter in self._waiters:
                waiter.notify_all()
            async for notification in connection.notifies():
                self._pass_on(notification.payload)

    def _pass_on(self, payload: str) -> None:
        tenant_id = uuid.UUID(payload)
        for waiter in self._waiters:
            waiter.notify(tenant_id)


def _start_task(work: Coroutine[None, None, None]) -> asyncio.Task[None]:
    """Begin what outlives whoever began it: what it logs is not about their request."""
    return asyncio.create_task(work, context=Context())
