"""iCalendar: what calendars read (RFC 5545)."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tenure_manufacturing.icalendar import Event, calendar

AT = datetime(2026, 3, 31, 9, 30, tzinfo=UTC)


def event(summary: str = "Oil: M-1", location: str = "", description: str = "") -> Event:
    return Event("1@tenure", AT, AT, 90, summary, location, description)


def test_a_calendar_holds_events() -> None:
    assert calendar("Due work", [event(location="Hall A")]).split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Tenure//Manufacturing//EN",
        "X-WR-CALNAME:Due work",
        "BEGIN:VEVENT",
        "UID:1@tenure",
        "DTSTAMP:20260331T093000Z",
        "DTSTART:20260331T093000Z",
        "DTEND:20260331T110000Z",
        "SUMMARY:Oil: M-1",
        "LOCATION:Hall A",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


def test_what_has_a_meaning_is_escaped() -> None:
    shown = calendar("x", [event("a;b,c\\d\ne\r\nf\rg")])
    assert "SUMMARY:a\\;b\\,c\\\\d\\ne\\nf\\ng\r\n" in shown


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), max_size=400))
def test_no_line_is_too_long_and_none_is_lost(text: str) -> None:
    shown = calendar("x", [event("s", description=text)])
    lines = shown.split("\r\n")
    assert all(len(line.encode()) <= 75 for line in lines)
    plain = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    assert not text or f"\r\nDESCRIPTION:{plain}\r\n" in shown.replace("\r\n ", "")
