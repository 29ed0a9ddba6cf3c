"""iCalendar: due work as calendars read it (RFC 5545). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LINE_BYTES = 75
"""The longest line (RFC 5545, 3.1); a longer one goes on after a line break and a space."""


@dataclass(frozen=True, slots=True)
class Event:
    """An entry of a calendar.

    Args:
        uid: What names it, in every feed.
        stamp: When it was last changed.
        start: When it begins.
        minutes: How long it takes.
        summary: What it is about, in one line.
        location: Where; empty where that is not known.
        description: All else.
    """

    uid: str
    stamp: datetime
    start: datetime
    minutes: int
    summary: str
    location: str
    description: str


def calendar(name: str, events: Iterable[Event]) -> str:
    """Return a calendar of some events."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Tenure//Manufacturing//EN",
        f"X-WR-CALNAME:{_text(name)}",
        *(line for event in events for line in _event(event)),
        "END:VCALENDAR",
    ]
    return "".join(f"{folded}\r\n" for line in lines for folded in _fold(line))


def _event(event: Event) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(event.uid)}"
    yield f"DTSTAMP:{_time(event.stamp)}"
    yield f"DTSTART:{_time(event.start)}"
    yield f"DTEND:{_time(event.start + timedelta(minutes=event.minutes))}"
    yield f"SUMMARY:{_text(event.summary)}"
    if event.location:
        yield f"LOCATION:{_text(event.location)}"
    if event.description:
        yield f"DESCRIPTION:{_text(event.description)}"
    yield "END:VEVENT"


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    """Return a text with what has a meaning in iCalendar escaped (RFC 5545, 3.3.11)."""
    for char, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n")):
        text = text.replace(char, escaped)
    return text.replace("\r", "\\n")


def _fold(line: str) -> Iterator[str]:
    """Yield the lines that a long one becomes, none of which parts a character."""
    room, piece = LINE_BYTES, ""
    for char in line:
        size = len(char.encode())
        if size > room:
            yield piece
            room, piece = LINE_BYTES - 1, " "
        piece, room = piece + char, room - size
    yield piece
