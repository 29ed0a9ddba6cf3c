"""The client's protocol without I/O: requests, retries and the interpretation of responses.

A flow is a generator that yields steps (`SendRequest` or `Sleep`) and receives the reply to each step. The
asynchronous and the synchronous client run the same flows, so that they behave identically.
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

PERMANENT_ERRORS = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
"""Transport errors that a retry can't fix."""

MIN_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 0.2, 15.0

MAX_EXCERPT_LENGTH = 200


@dataclass(frozen=True, slots=True)
class SendRequest:
    """A step: send a request.

    Args:
        request: The request.
        stream: Whether to leave the body of a successful response unread. The body of an error response is
            always read.
    """

    request: httpx.Request
    stream: bool = False


@dataclass(frozen=True, slots=True)
class Sleep:
    """A step: wait.

    Args:
        seconds: The duration.
    """

    seconds: float


Reply = httpx.Response | httpx.TransportError | None
"""The reply to a step: a response or a transport error after `SendRequest`, None after `Sleep`."""

Flow = Generator[SendRequest | Sleep, Reply, Result]


class FlowRunner(Generic[Result]):
    """Runs a flow step by step.

    Args:
        flow: The flow, not yet started.
    """

    step: SendRequest | Sleep | None
    """The step to execute next; None when the flow has finished."""

    result: Result
    """The result of the flow, once it has finished."""

    def __init__(self, flow: Flow[Result]) -> None:
        self._flow = flow
        self.resume(None)

    def resume(self, reply: Reply) -> None:
        """Continue the flow with the reply to its last step."""
        try:
            self.step = self._flow.send(reply)
        except StopIteration as stop:
            self.step, self.result = None, stop.value


@dataclass(frozen=True, slots=True)
class Protocol:
    """Builds requests to one server and retries them.

    Args:
        url: The base URL of the server, such as https://tenure.example.com.
        api_key: The API key.
        retry_timeout: Seconds to keep retrying while the server is unreachable or overloaded.
    """

    url: str
    api_key: str
    retry_timeout: float

    def execute(self, document: str, variables: Mapping[str, Any], idempotency_key: str | None) -> Flow[Data]:
        """Execute a GraphQL operation and return its data. All attempts use the same idempotency key.

        Raises:
            RequestRejectedError: The server rejected the operation.
            UnreachableError: There was no response until the retry timeout.
        """
        request = httpx.Request(
            "POST",
            self.build_url("/graphql"),
            headers={
                **self.headers,
                "Content-Type": "application/json",
                "Idempotency-Key": idempotency_key or uuid.uuid4().hex,
            },
            content=orjson.dumps({"query": document, "variables": variables}),
        )
        response = yield from self.send(SendRequest(request))
        body = _parse_graphql(response)
        if body.get("errors"):
            raise _build_error(body["errors"])
        data: Data = body["data"]
        return data

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of every request."""
        return {"Authorization": f"Bearer {self.api_key}"}

    def build_url(self, path: str) -> str:
        """Return the URL of a path on the server."""
        return f"{self.url.rstrip('/')}{path}"

    def send(self, step: SendRequest) -> Flow[httpx.Response]:
        """Send a request, with retries, and return the response.

        Raises:
            UnreachableError: There was no response until the retry timeout.
        """
        delays = _backoff_delays()
        deadline = time.monotonic() + self.retry_timeout
        while True:
            reply = yield step
            if isinstance(reply, httpx.Response) and not _is_retryable(reply):
                return reply
            delay = _retry_after_seconds(reply) or next(delays)
            if isinstance(reply, PERMANENT_ERRORS) or time.monotonic() + delay > deadline:
                raise UnreachableError(
                    f"{self.url} did not respond: {_describe(reply)}.",
                    "Check the URL and that the server is running.",
                )
            yield Sleep(delay)


def _backoff_delays() -> Iterator[float]:
    """Yield exponential backoff delays in seconds, with jitter."""
    longest = MIN_BACKOFF_SECONDS
    while True:
        yield random.uniform(longest / 2, longest)  # noqa: S311  # jitter needs no secure randomness
        longest = min(2 * longest, MAX_BACKOFF_SECONDS)


def _retry_after_seconds(reply: Reply) -> float:
    """Return the seconds of a response's Retry-After header; 0 without one."""
    header = reply.headers.get("Retry-After", "") if isinstance(reply, httpx.Response) else ""
    return float(header) if header.isdecimal() else 0.0


def _is_retryable(response: httpx.Response) -> bool:
    if response.status_code in RETRYABLE_STATUSES or not response.is_closed:
        return response.status_code in RETRYABLE_STATUSES
    errors = _parse_object(response).get("errors") or ()
    return any((error.get("extensions") or {}).get("retryable") for error in errors)


def _describe(reply: Reply) -> str:
    if isinstance(reply, httpx.Response):
        return f"status {reply.status_code}"
    return f"{type(reply).__name__}: {reply}".rstrip(": ")


def _parse_object(response: httpx.Response) -> dict[str, Any]:
    """Return the JSON object of a response; an empty one if the body is none, such as an error page."""
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _parse_graphql(response: httpx.Response) -> dict[str, Any]:
    body = _parse_object(response)
    if "data" in body or "errors" in body:
        return body
    excerpt = response.text[:MAX_EXCERPT_LENGTH]
    raise RequestRejectedError(
        f"The response has status {response.status_code} and is not GraphQL: {excerpt!r}. Check the URL."
    )


def rejection_error(response: httpx.Response) -> RequestRejectedError:
    """Return the exception for an error response."""
    return _build_error(_parse_graphql(response).get("errors") or ())


def _build_error(errors: Sequence[dict[str, Any]]) -> RequestRejectedError:
    message = "; ".join(str(error.get("message")) for error in errors)
    error = RequestRejectedError(message, errors)
    return CursorExpiredError(message, errors) if CursorExpiredError.code in error.codes else error
