"""The time, the date, and how long until something, in the person's words."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest
from msgspec.structs import replace

from services.dialogue.companion.dates import easter
from services.dialogue.companion.engine import Companion
from services.dialogue.engine import ChatRequest
from tests.services.dialogue.companion.talk import ADA, NOON, say


@pytest.mark.parametrize(
    ("text", "hour", "expected"),
    [
        ("what time is it", 14, "2:05 in the afternoon"),
        ("what time is it", 0, "12:05 at night"),
        ("what time is it", 9, "9:05 in the morning"),
        ("do you know what time it is", 9, "9:05"),
        ("what tame is it", 9, "9:05"),
        ("what day is it", 14, "Sunday"),
        ("what's the date today", 14, "Sunday, November 22nd, 2026"),
        ("what day is it tomorrow", 14, "Monday, November 23rd, 2026"),
        ("what is the date in three weeks", 14, "Sunday, December 13th, 2026"),
        ("what month is it", 14, "November"),
        ("what year is it", 14, "2026"),
        ("how long until christmas", 14, "33 days"),
        ("how many days until the 24th of december", 14, "32 days"),
        ("what day is december 24th", 14, "Thursday"),
        ("when is easter", 14, "March 28th, 2027"),
        ("what day of the week was July 20, 1969", 14, "Sunday"),
        ("what day was the 9th of november 1989", 14, "Thursday, November 9th, 1989"),
        ("when is easter 2030", 14, "April 21st, 2030"),
        ("how many days until christmas 2027", 14, "398 days"),
        ("which day was two weeks ago", 14, "Two weeks ago: that is Sunday, November 8th, 2026"),
        ("what day is it ten days from now", 14, "Wednesday, December 2nd, 2026"),
        ("what day was it three days ago", 14, "Thursday, November 19th, 2026"),
        ("how long till new year", 14, "40 days"),
        ("how many days until halloween", 14, "343 days"),
        ("how long until the weekend", 14, "already"),
        ("how long until friday", 14, "5 days"),
        ("how long until 6 o'clock", 14, "3 hours and 55 minutes"),
        ("how long until midnight", 14, "9 hours and 55 minutes"),
    ],
)
def test_english(text: str, hour: int, expected: str) -> None:
    assert expected in say(text, now=NOON.replace(hour=hour))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wie spät ist es", "14 Uhr 5"),
        ("weißt du wie spät es ist", "14 Uhr 5"),
        ("welcher tag ist heute", "Sonntag"),
        ("der wievielte ist heute", "22. November 2026"),
        ("welcher tag ist übermorgen", "Dienstag, der 24. November 2026"),
        ("wie lange ist es noch bis weihnachten", "33 Tage"),
        ("wie viele tage sind es bis zum 24. dezember", "32 Tage"),
        ("wann ist ostern", "28. März 2027"),
        ("welcher wochentag war der 9. november 1989", "Donnerstag"),
        ("wann ist ostern 2030", "21. April 2030"),
        ("welcher tag war vor drei tagen", "Donnerstag, der 19. November 2026"),
        ("wie lange noch bis silvester", "39 Tage"),
        ("wie lange noch bis 18 uhr", "3 Stunden und 55 Minuten"),
        ("welches jahr haben wir", "2026"),
    ],
)
def test_german(text: str, expected: str) -> None:
    assert expected in say(text, "de-AT")


@pytest.mark.parametrize(("day", "ending"), [(1, "st"), (2, "nd"), (3, "rd"), (11, "th"), (13, "th"), (24, "th")])
def test_days_have_their_english_endings(day: int, ending: str) -> None:
    assert f" {day}{ending}," in say("what is the date", now=NOON.replace(day=day))


def test_a_holiday_is_today_when_it_is() -> None:
    assert "today" in say("how long until christmas", now=datetime(2026, 12, 25, 9, tzinfo=NOON.tzinfo))


@pytest.mark.parametrize(
    "sunday",
    ["1961-04-02", "2000-04-23", "2008-03-23", "2011-04-24", "2024-03-31", "2025-04-20", "2026-04-05", "2038-04-25"],
)
def test_easter_is_when_the_almanac_says(sunday: str) -> None:
    assert easter(date.fromisoformat(sunday).year) == date.fromisoformat(sunday)


async def test_the_clock_is_the_moment_of_the_question_in_the_given_zone() -> None:
    request = ChatRequest(text="what time is it", at=int(NOON.timestamp() * 1_000_000), character=ADA)
    pieces = [piece async for piece in Companion(zone=timezone(timedelta(hours=9))).stream(replace(request))]
    assert "11:05 at night" in "".join(pieces)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "what time is it in Tokyo"),
        ("en", "what's the time in New York right now"),
        ("en", "what day was february 30, 2027"),
        ("en", "what day was 20.7.1969"),
        ("de", "wie spät ist es in Tokio"),
        ("de", "welcher tag war der 20.7.1969"),
    ],
)
def test_what_is_not_known_is_not_answered_with_the_here_and_now(language: str, text: str) -> None:
    said = say(text, language)
    assert "2:05" not in said
    assert "14 Uhr" not in said
    assert "2026" not in said
    assert "Sunday" not in said
    assert "Sonntag" not in said
