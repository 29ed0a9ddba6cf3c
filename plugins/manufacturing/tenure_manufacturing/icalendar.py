"""Renders calendars in the iCalendar format (RFC 5545). No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MAX_LINE_BYTES = 75
"""Maximum length of a line (RFC 5545, 3.1). Longer lines are folded: a line break followed by a space."""


@dataclass(frozen=True, slots=True)
class Event:
    """A calendar event.

    Args:
        uid: Globally unique id.
        updated_at: When the event was last changed.
        start: Start time.
        minutes: Duration in minutes.
        summary: Title.
        location: Location; empty if unknown.
        description: Description; empty for none.
    """

    uid: str
    updated_at: datetime
    start: datetime
    minutes: int
    summary: str
    location: str
    description: str


def render_calendar(name: str, events: Iterable[Event]) -> str:
    """Return a calendar with a display name and events."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Tenure//Manufacturing//EN",
        f"X-WR-CALNAME:{_escape_text(name)}",
        *(line for event in events for line in _render_event(event)),
        "END:VCALENDAR",
    ]
    return "".join(f"{folded}\r\n" for line in lines for folded in _fold_line(line))


def _render_event(event: Event) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{_escape_text(event.uid)}"
    yield f"DTSTAMP:{_format_time(event.updated_at)}"
    yield f"DTSTART:{_format_time(event.start)}"
    yield f"DTEND:{_format_time(event.start + timedelta(minutes=event.minutes))}"
    yield f"SUMMARY:{_escape_text(event.summary)}"
    if event.location:
        yield f"LOCATION:{_escape_text(event.location)}"
    if event.description:
        yield f"DESCRIPTION:{_escape_text(event.description)}"
    yield "END:VEVENT"


def _format_time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escape_text(text: str) -> str:
    """Escape the special characters of a text value (RFC 5545, 3.3.11)."""
    for char, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n")):
        text = text.replace(char, escaped)
    return text.replace("\r", "\\n")


def _fold_line(line: str) -> Iterator[str]:
    """Yield the parts of a folded line. Characters are not split."""
    part, free_bytes = "", MAX_LINE_BYTES
    for char in line:
        size = len(char.encode())
        if size > free_bytes:
            yield part
            part, free_bytes = " ", MAX_LINE_BYTES - 1
        part, free_bytes = part + char, free_bytes - size
    yield part
