"""The conversation with Tenure, without input or output: what to send, when to wait, what an answer means.

A flow is a generator that yields its next step and is sent the reply to it. The asynchronous client and the
synchronous one take the same steps, each in its own way, so that both do exactly the same.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import httpx
import orjson

from tenure_sdk.client.errors import CursorExpiredError, RequestRejectedError, UnreachableError

Result = TypeVar("Result")
Data = dict[str, Any]

RETRYABLE_STATUSES = frozenset((429, 502, 503, 504))
"""Statuses that say: not now."""

UNSENDABLE = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
"""What no later attempt mends."""

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 15.0
"""Seconds between attempts: twice as many after each, and a random part of them, so that clients part."""


@dataclass(frozen=True, slots=True)
class Send:
    """A step: send a request.

    Args:
        request: The request.
        stream: Whether the body of the answer is read later, bit by bit; that of an error never is.
    """

    request: httpx.Request
    stream: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """A step: wait."""

    seconds: float


Reply = httpx.Response | httpx.TransportError | None
"""What a step brings: the answer to a request, why there is none, or nothing after a pause."""

Flow = Generator[Send | Pause, Reply, Result]


class FlowRunner(Generic[Result]):
    """A flow that is under way.

    Args:
        flow: The flow, from its beginning.
    """

    step: Send | Pause | None
    """What it wants done next; None where it is done."""

    result: Result
    """What has come of it, once it is done."""

    def __init__(self, flow: Flow[Result]) -> None:
        self._flow = flow
        self.resume(None)

    def resume(self, reply: Reply) -> None:
        """Take what the last step has brought."""
        try:
            self.step = self._flow.send(reply)
        except StopIteration as done:
            self.step, self.result = None, done.value


@dataclass(frozen=True, slots=True)
class Protocol:
    """One client's side.

    Args:
        url: Where Tenure answers, such as https://tenure.example.com.
        key: The API key.
        patience: Seconds to go on trying while Tenure is away or too busy.
    """

    url: str
    key: str
    patience: float

    def ask(self, document: str, variables: Mapping[str, Any], idempotency_key: str | None) -> Flow[Data]:
        """Ask a GraphQL question and return its data. Whatever happens on the way, a mutation is done once.

        Raises:
            RefusedError: The question was refused.
            UnreachableError: There was no answer for too long.
        """
        body = orjson.dumps({"query": document, "variables": variables})
        headers = {
            **self.authorization,
            "Content-Type": "application/json",
            "Idempotency-Key": idempotency_key or uuid.uuid4().hex,
        }
        request = httpx.Request("POST", self.address("/graphql"), headers=headers, content=body)
        response = yield from self.try_to_send(Send(request))
        answer = _read(response)
        if answer.get("errors"):
            raise _refused(answer["errors"])
        data: Data = answer["data"]
        return data

    @property
    def authorization(self) -> Mapping[str, str]:
        """The headers that every request has."""
        return {"Authorization": f"Bearer {self.key}"}

    def address(self, path: str) -> str:
        """Return the address of a path."""
        return f"{self.url.rstrip('/')}{path}"

    def try_to_send(self, step: Send) -> Flow[httpx.Response]:
        """Send a request until it is answered, and return the answer.

        Raises:
            UnreachableError: There was no answer for too long.
        """
        pauses = _pauses()
        deadline = time.monotonic() + self.patience
        while True:
            reply = yield step
            if isinstance(reply, httpx.Response) and not _is_to_be_repeated(reply):
                return reply
            pause = _asked_pause(reply) or next(pauses)
            if isinstance(reply, UNSENDABLE) or time.monotonic() + pause > deadline:
                raise UnreachableError(
                    f"{self.url} gave no answer: {_told(reply)}.", "Check the address, and that it runs."
                )
            yield Pause(pause)


def _pauses() -> Iterator[float]:
    longest = FIRST_PAUSE
    while True:
        yield random.uniform(longest / 2, longest)  # noqa: S311  # no secret: it only parts clients
        longest = min(2 * longest, LONGEST_PAUSE)


def _asked_pause(reply: Reply) -> float:
    """Return how many seconds the answer asks to wait for; 0 where it says nothing."""
    after = reply.headers.get("Retry-After", "") if isinstance(reply, httpx.Response) else ""
    return float(after) if after.isdecimal() else 0.0


def _is_to_be_repeated(response: httpx.Response) -> bool:
    if response.status_code in RETRYABLE_STATUSES or not response.is_closed:
        return response.status_code in RETRYABLE_STATUSES
    errors = _parsed(response).get("errors") or ()
    return any((error.get("extensions") or {}).get("retryable") for error in errors)


def _told(reply: Reply) -> str:
    if isinstance(reply, httpx.Response):
        return f"status {reply.status_code}"
    return f"{type(reply).__name__}: {reply}".rstrip(": ")


def _parsed(response: httpx.Response) -> dict[str, Any]:
    """Return the JSON object of an answer; an empty one where there is none, as from a proxy in between."""
    try:
        found = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _read(response: httpx.Response) -> dict[str, Any]:
    answer = _parsed(response)
    if "data" in answer or "errors" in answer:
        return answer
    shown = response.text[:200]
    raise RequestRejectedError(
        f"Status {response.status_code} and no GraphQL: {shown!r}. Is the address Tenure's?"
    )


def read_refusal(response: httpx.Response) -> RequestRejectedError:
    """Return the error of an answer that refuses the request."""
    return _refused(_read(response).get("errors") or ())


def _refused(errors: Sequence[dict[str, Any]]) -> RequestRejectedError:
    message = "; ".join(str(error.get("message")) for error in errors)
    refused = RequestRejectedError(message, errors)
    return CursorExpiredError(message, errors) if CursorExpiredError.code in refused.codes else refused
