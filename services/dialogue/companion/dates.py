"""Answers about the clock and the calendar: the time, the date, and how long until something. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from services.dialogue.companion.tables import CalendarWords, NumberWords

Answer = tuple[str, dict[str, str]]
"""The key of the answer's table, and its fields."""
MAX_DAYS = 40_000
"""The farthest day from today that is told."""
_YEAR = re.compile(r"\b(?:1[6-9]|2\d)\d\d\b")


def easter(year: int) -> date:
    """Easter Sunday of a year in the Gregorian calendar (Meeus, Jones and Butcher)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    weekday = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * weekday) // 451
    month, day = divmod(h + weekday - 7 * m + 114, 31)
    return date(year, month, day + 1)


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    """The nth of a weekday in a month; weekday 0 is Monday, nth begins at 1."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def calendar_answer(words: str, now: datetime, calendar: CalendarWords, numbers: NumberWords) -> Answer | None:
    """The answer to a question about time or date; None where the words ask for neither.

    Args:
        words: normalised.
        now: local time.
    """
    today = now.date()
    asks_until = bool(calendar.until.search(words))
    asks_day = bool(calendar.asks_date.search(words) or calendar.asks_weekday.search(words))
    if asks_until:
        found = _until(words, now, calendar)
        if found:
            return found
    if asks_until or asks_day:
        named = _named_day(words, today, calendar)
        if named:
            what, day = named
            is_ahead = asks_until and day >= today
            return _days_until(what, day, today, calendar) if is_ahead else _day(what, day, today, calendar)
    if calendar.asks_time.search(words):
        # Its clock knows one place.
        return None if calendar.elsewhere.search(words) else ("time", {"time": calendar.time(now)})
    if asks_day:
        offset = _offset(words, calendar, numbers)
        if offset is not None and abs(offset[1]) <= MAX_DAYS:
            day = today + timedelta(days=offset[1])
            return "other_day", {"what": offset[0], "date": calendar.date(day)}
        if re.search(r"\d", words):
            return None  # a day that is not understood is not today
    if calendar.asks_month.search(words):
        return "month", {"month": calendar.months[today.month - 1], "year": str(today.year)}
    if calendar.asks_year.search(words):
        return "year", {"year": str(today.year)}
    if calendar.asks_date.search(words):
        return "date", {"date": calendar.date(today)}
    if calendar.asks_weekday.search(words):
        return "weekday", {"weekday": calendar.weekdays[today.weekday()], "date": calendar.date(today)}
    return None


def _until(words: str, now: datetime, calendar: CalendarWords) -> Answer | None:
    """How long until a time of the day, the weekend or a weekday; None where none of them is named."""
    clock = _clock(words, calendar)
    if clock is not None:
        target = now.replace(hour=clock // 60, minute=clock % 60, second=0, microsecond=0)
        if target <= now:
            target += timedelta(days=1)
        if _is_ambiguous(words, calendar) and target - now > timedelta(hours=12):
            target -= timedelta(hours=12)
        minutes = -(-int((target - now).total_seconds()) // 60)
        return "until_time", {"time": calendar.time(target), "duration": calendar.duration(minutes)}
    today = now.date()
    if calendar.weekend.search(words):
        days = (5 - today.weekday()) % 7
        if today.weekday() >= 5:
            return "weekend_now", {}
        return "until_weekend", {"days": calendar.days_text(days), "weekday": calendar.weekdays[5]}
    for number, name in enumerate(calendar.weekdays):
        if re.search(rf"\b{name.lower()}\b", words):
            days = (number - today.weekday()) % 7 or 7
            return "until_day", {
                "what": name,
                "days": calendar.days_text(days),
                "date": calendar.date(today + timedelta(days)),
            }
    return None


def _is_ambiguous(words: str, calendar: CalendarWords) -> bool:
    """Whether the hour is one of twelve, and of which half of the day is not said."""
    match = calendar.clock.search(words)
    return bool(match and "half" in match.groupdict() and not match["half"] and int(match["hour"]) <= 12)


def _clock(words: str, calendar: CalendarWords) -> int | None:
    """Minutes since midnight of the time that is named; None where none is."""
    for word, hour in calendar.clock_words.items():
        if re.search(rf"\b{word}\b", words):
            return hour * 60
    match = calendar.clock.search(words)
    if not match:
        return None
    groups = match.groupdict()
    hour = int(groups["hour"])
    minute = int(groups.get("minute") or 0)
    if (groups.get("half") or "") == "pm" and hour < 12:
        hour += 12
    if not (0 <= hour <= 24 and 0 <= minute < 60):
        return None
    return hour % 24 * 60 + minute


def _named_day(words: str, today: date, calendar: CalendarWords) -> tuple[str, date] | None:
    """The holiday or date that is named, and how it is said: of the year that is named, else the next; today counts."""
    year_named = _YEAR.search(words)
    for pattern, said, day_in in calendar.holidays:
        if pattern.search(words):
            day = day_in(int(year_named[0]) if year_named else today.year)
            if year_named:
                return said, day
            return said, day if day >= today else day_in(today.year + 1)
    match = calendar.day_of_month.search(words)
    if not match:
        return None
    names = [name.lower() for name in calendar.months]
    month = names.index(match["month"]) + 1
    number = int(match["day"])
    for year in (int(year_named[0]),) if year_named else range(today.year, today.year + 9):
        try:
            day = date(year, month, number)
        except ValueError:
            continue  # the 29th of February is not in every year
        if year_named or day >= today:
            return "", day
    return None


def _days_until(what: str, day: date, today: date, calendar: CalendarWords) -> Answer:
    fields = {"what": what or calendar.date(day), "date": calendar.date(day)}
    days = (day - today).days
    if not days:
        return "until_today", fields
    return ("until_day" if what else "until_date"), {**fields, "days": calendar.days_text(days)}


def _day(what: str, day: date, today: date, calendar: CalendarWords) -> Answer:
    if not what:
        return "weekday_of", {"date": calendar.date(day), "weekday": calendar.weekdays[day.weekday()]}
    return ("until_today" if day == today else "day_of"), {"what": what, "date": calendar.date(day)}


def _offset(words: str, calendar: CalendarWords, numbers: NumberWords) -> tuple[str, int] | None:
    """How a day relative to today is said, and its distance in days; None where none is named."""
    for pattern, days, said in calendar.days:
        if pattern.search(words):
            return said, days
    match = calendar.in_days.search(words)
    if not match:
        return None
    *before, last = match["number"].split()
    # "was it three days ago": the word before the number may be none of it.
    read = numbers.read([*before, last], 0) or numbers.read([last], 0)
    if read is None or read[0].denominator != 1:
        return None
    days = int(read[0]) * (7 if match["unit"].startswith(calendar.week_units) else 1)
    said = match[0] if numbers.read([*before, last], 0) else match[0].split(" ", 1)[1]
    return said[:1].upper() + said[1:], -days if match["ago"] else days
