"""Webhooks: signed as receivers check it, and sent only by a process that serves."""

from __future__ import annotations

import httpx
import pytest

from tenure_manufacturing.webhooks import NotOpenError, NotTakenError, Receiver, Webhooks, signature

from .conftest import NOW


def test_the_signature_is_that_of_the_specification() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    signed = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_nothing_is_sent_before_the_start_and_after_the_end() -> None:
    webhooks, receiver = Webhooks(), Receiver("http://127.0.0.1:9", "")
    with pytest.raises(NotOpenError):
        await webhooks.send(receiver, "1", NOW, {})
    await webhooks.open()
    await webhooks.close()
    with pytest.raises(NotOpenError):
        await webhooks.send(receiver, "1", NOW, {})


async def test_it_stays_open_for_those_who_go_on_where_several_serve_in_one_process() -> None:
    webhooks, nobody = Webhooks(), Receiver("http://127.0.0.1:9", "")
    await webhooks.open()
    await webhooks.open()
    await webhooks.close()
    with pytest.raises(NotTakenError) as refused:
        await webhooks.send(nobody, "1", NOW, {})
    assert isinstance(refused.value.__cause__, httpx.ConnectError)
    await webhooks.close()
    with pytest.raises(NotOpenError):
        await webhooks.send(nobody, "1", NOW, {})
