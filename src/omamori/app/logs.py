"""Structured logs: one JSON line an event on standard error, or readable ones on a terminal."""

from __future__ import annotations

import logging
import sys

import structlog


def set_up_logs(level: str = "warning") -> None:
    """Set up logging once, from a command; no import does this."""
    to_people = sys.stderr.isatty()
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if to_people else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=level.upper(), stream=sys.stderr)
    # It warns with a trace of every interface without IPv6; our own source notes say what is heard.
    logging.getLogger("zeroconf").setLevel(logging.ERROR)
    logging.getLogger("httpx").setLevel(max(logging.WARNING, logging.getLogger().level))
