"""Logs: one JSON line per event on stderr. Tracebacks hold no values of variables: keys are among them."""

from __future__ import annotations

import sys

import structlog
from structlog.contextvars import bind_contextvars

from tenure_core.access.identity import Actor
from tenure_core.settings import LogLevel


def configure_logs(level: LogLevel) -> None:
    """Set up what `structlog.get_logger()` gives to every module of this process, and to plugins.

    Args:
        level: The least that is told.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def name_request(request_id: str, actor: Actor) -> None:
    """Have each line that this task logs from now on tell the request that it is about, and the tenant.

    Args:
        request_id: What errors call the request.
        actor: Who asks.
    """
    bind_contextvars(request_id=request_id, tenant=str(actor.tenant_id))
