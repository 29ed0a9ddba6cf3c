"""Fixtures for tests of webhooks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tenure_sdk.testing.webhook_receiver import WebhookReceiver


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    """A running receiver."""
    with WebhookReceiver() as receiver:
        yield receiver
