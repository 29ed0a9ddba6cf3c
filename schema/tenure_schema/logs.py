"""Logs: one JSON line per event on stderr. Tracebacks hold no values of variables: keys are among them."""

from __future__ import annotations

import logging
import sys

import structlog


def configure_logs() -> None:
    """Set up what `structlog.get_logger()` gives to every module of this process."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
