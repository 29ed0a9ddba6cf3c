"""Configures logging: one JSON object per line on stderr.

Tracebacks contain no local variables, because these can contain API keys.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar

import structlog
from structlog.typing import EventDict

from tenure_core.access.identity import Actor
from tenure_core.settings import LogLevel

_request: ContextVar[tuple[str, Actor] | None] = ContextVar("_request", default=None)
"""The id and the actor of the request that the current task serves."""


def configure_logs(level: LogLevel) -> None:
    """Configure structlog for this process, including the loggers of plugins.

    Args:
        level: The minimum level to log.
    """
    structlog.configure(
        processors=[
            _add_request,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def bind_request(request_id: str, actor: Actor) -> None:
    """Add the request id and the tenant to every line that the current task logs.

    Args:
        request_id: The id of the request, as in `X-Request-Id`.
        actor: The authenticated actor of the request.
    """
    _request.set((request_id, actor))


def _add_request(_logger: object, _method: str, event: EventDict) -> EventDict:
    if request := _request.get():
        request_id, actor = request
        event.setdefault("request_id", request_id)
        event.setdefault("tenant", str(actor.tenant_id))
    return event
