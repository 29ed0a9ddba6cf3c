"""The iCalendar format (RFC 5545)."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tenure_manufacturing.icalendar import Event, render_calendar

AT = datetime(2026, 3, 31, 9, 30, tzinfo=UTC)


def event(summary: str = "Oil: M-1", location: str = "", description: str = "") -> Event:
    return Event("1@tenure", AT, AT, 90, summary, location, description)


def test_a_calendar_contains_its_events() -> None:
    assert render_calendar("Work orders", [event(location="Hall A")]).split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Tenure//Manufacturing//EN",
        "X-WR-CALNAME:Work orders",
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


def test_special_characters_are_escaped() -> None:
    calendar = render_calendar("x", [event("a;b,c\\d\ne\r\nf\rg")])
    assert "SUMMARY:a\\;b\\,c\\\\d\\ne\\nf\\ng\r\n" in calendar


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), max_size=400))
def test_long_lines_are_folded_without_loss(text: str) -> None:
    calendar = render_calendar("x", [event("s", description=text)])
    assert all(len(line.encode()) <= 75 for line in calendar.split("\r\n"))
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    assert not text or f"\r\nDESCRIPTION:{escaped}\r\n" in calendar.replace("\r\n ", "")
