"""Rules for dates, years, times of day and lengths of time. Pure."""

from __future__ import annotations

import calendar
import re

from services.tts.text.language import Language
from services.tts.text.scanner import Match, Rule, after, before

_COUNTED = re.compile(
    r"(?<![\w:.])(\d{1,3}):(\d\d)[\s\u00a0]?(hours|hrs|Stunden|Std\.?|minutes|mins|min|Minuten|Min\.?)(?!\w)"
)
_AT = re.compile(r"\b(?:at|until|since|by|um|bis|ab|seit|gegen|alle|las|à)\s$", re.IGNORECASE)
"""Words before a time of day; three numbers behind none of them are a length of time."""
_DASH = "[-–—−]"


def _names(names: object) -> str:
    """An alternative of names, the longest first."""
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True))  # type: ignore[call-overload]


def rules(language: Language) -> list[Rule]:
    """The rules of a language."""
    return [*_date_rules(language), *_time_rules(language)]


def _date_rules(language: Language) -> list[Rule]:
    months = language.month_numbers
    if not months:
        return []
    full = {name.lower() for name in language.month_names}
    short = set(months) - full
    # The full stop behind a whole name is the one of the sentence.
    month = f"((?:{_names(full)})(?!\\w)|(?:{_names(short)})(?!\\w)\\.?)" if short else f"({_names(full)})"
    year = r"(\d{4})(?!\d|[.,:]\d|\w)"
    suffix = r"(?:st|nd|rd|th|\.º|º|er|re|\.)?"
    space = r"[\s\u00a0]{1,3}"

    def number_of(name: str) -> int:
        return months[name.rstrip(".").lower()]

    def say(match: Match, day: str, number: int, year: str | None, *, day_first: bool | None = None) -> str | None:
        if not (1 <= number <= 12 and 1 <= int(day) <= calendar.monthrange(int(year or 2000) or 2000, number)[1]):
            return None
        first = not language.month_first if day_first is None else day_first
        return language.date(int(day), number, int(year) if year else None, before(match), day_first=first)

    def iso(match: Match) -> str | None:
        said = say(match, match[3], int(match[2]), match[1])
        if said is None or match[4] is None:
            return said
        time = language.time(int(match[4]), int(match[5]), half_day=False)
        return None if time is None else f"{said}, {time}"

    def numeric(match: Match) -> str | None:
        first, second = int(match[1]), int(match[3])
        if match[2] == "-" and len(match[4]) == 2:
            return None
        if match[2] == "." and len(match[4]) == 2 and language.decimal == ".":
            return None  # a version
        month_first = (language.month_first and match[2] == "/" and first <= 12) or second > 12
        day, number = (second, first) if month_first else (first, second)
        return say(match, str(day), number, _full_year(match[4]))

    def day_month(match: Match) -> str | None:
        said = say(match, match[1], number_of(match[2]), match[3], day_first=True)
        # "1st of May" has no article of its own.
        return said.removeprefix("the ") if said and re.match(r"\d+[a-z]", match[0]) else said

    def month_year(match: Match) -> str | None:
        number = number_of(match[1])
        return language.month_names[number - 1]

    def month_day(match: Match) -> str | None:
        return say(match, match[2], number_of(match[1]), match[3], day_first=False)

    def days(match: Match) -> str | None:
        """May 5-10."""
        first = say(match, match[2], number_of(match[1]), None, day_first=False)
        last = language.ordinal(int(match[3]))
        if first is None or last is None or int(match[3]) > 31 or "to" not in language.words:
            return None
        said = f"{first} {language.words['to']} {last}"
        return f"{said}, {language.year(int(match[4]))}" if match[4] else said

    def span(match: Match) -> str | None:
        first, second = (language.month_names[number_of(name) - 1] for name in match.groups())
        return f"{first} {language.words['to']} {second}" if "to" in language.words else None

    iso_date = re.compile(
        r"(?<![\w-])(\d{4})-(\d{2})-(\d{2})"
        r"(?:[T ](\d{2}):(\d{2})(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?![\w-])"
    )
    found = [
        Rule(iso_date, iso),
        Rule(re.compile(r"(?<![\w./])(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2}(?=\D|$))(?![\w/]|\.\d)"), numeric),
        Rule(
            re.compile(
                rf"(?<![\w.,])(\d{{1,2}}){suffix}{space}(?:of\s|de\s|di\s)?{month}(?:(?:{space}|,\s?)(?:de\s)?{year})?(?!\w)",
                re.IGNORECASE,
            ),
            day_month,
        ),
    ]
    names = rf"(?:{_names({name.capitalize() for name in full})})(?!\w)"
    if short:
        names = rf"(?:{names}|(?:{_names({name.capitalize() for name in short})})(?!\w)\.?)"
    found.append(Rule(re.compile(rf"(?<!\w)({names})[\s\u00a0]?[-–][\s\u00a0]?({names})"), span))
    if short:
        short = {name.capitalize() for name in short}
        found.append(Rule(re.compile(rf"(?<!\w)({_names(short)})\.(?=[\s\u00a0][^\W\d_]|,)"), month_year))
        found.append(Rule(re.compile(rf"(?<!\w)({_names(short)})\.?(?=[\s\u00a0]\d{{4}}(?!\d))"), month_year))
    if language.month_before_day:
        capital = names
        found.append(
            Rule(
                re.compile(
                    rf"(?<!\w)({capital}){space}(\d{{1,2}})\s?[-–]\s?(\d{{1,2}})(?![\w.:%]|[,.]\d)(?:,?{space}{year})?"
                ),
                days,
            )
        )
        found.append(
            Rule(
                re.compile(
                    rf"(?<!\w)({capital}){space}(\d{{1,2}})(?:st|nd|rd|th)?(?![\w.:%]|[,.]\d)(?:,?{space}{year})?"
                ),
                month_day,
            )
        )
    return found


def _full_year(written: str) -> str:
    if len(written) == 4:
        return written
    return f"{'19' if int(written) > 50 else '20'}{written}"


def _time_rules(language: Language) -> list[Rule]:
    conjunction = language.words.get("to", "")
    mark = re.escape(language.clock_mark)
    half = r"([\s\u00a0]?(?:(?:[aApP][mM]|[aApP]\.[mM]\.))(?!\w))?"
    clock = (
        rf"(\d{{1,2}}){language.hour_sign}(\d\d)(?!\d|[:,.]\d|m)(?:[\s\u00a0]{{1,2}}{mark}(?!\w))?"
        if mark
        else rf"(\d{{1,2}}){language.hour_sign}(\d\d)(?!\d|[:,.]\d|m)"
    )

    def half_day(written: str | None) -> str:
        return "" if not written else f" {written.strip()[0].upper()} M"

    def time(hour: str, minute: str, written_half: str | None) -> str | None:
        if int(hour) > 24 or int(minute) > 59:
            return None
        said = language.time(int(hour), int(minute), half_day=bool(written_half))
        return None if said is None else said + half_day(written_half)

    def at(match: Match) -> str | None:
        said = time(match[1], match[2], match[3])
        return said and said + stop(match)

    def stop(match: Match) -> str:
        """The full stop of "p.m." is also the one of its sentence."""
        return "." if match[0].endswith(".") and not after(match).strip() else ""

    def between(match: Match) -> str | None:
        first, second = time(match[1], match[2], match[3]), time(match[4], match[5], match[6])
        return None if first is None or second is None else f"{first} {conjunction} {second}"

    def length(match: Match) -> str | None:
        hours, minutes, seconds = (int(part) for part in match.groups())
        clock = time(match[1], match[2], None) if _AT.search(before(match)) else None
        if clock is not None and seconds < 60:
            return f"{clock}, {language.duration(0, 0, seconds)}" if seconds else clock
        return None if minutes > 59 or seconds > 59 else language.duration(hours, minutes, seconds)

    def counted(match: Match) -> str | None:
        """2:30 hours, 4:05 minutes."""
        first, second = int(match[1]), int(match[2])
        if second > 59:
            return None
        return language.duration(first, second, 0) if match[3][0] in "hHSs" else language.duration(0, first, second)

    def hour_only(match: Match) -> str | None:
        if int(match[1]) > 12:
            return None
        said = time(match[1], "0", match[2])
        return said and said + stop(match)

    def hours_only(match: Match) -> str | None:
        first = language.count(int(match[1])) if match[2] is None else time(match[1], "0", match[2])
        second = time(match[3], "0", match[4])
        return None if first is None or second is None else f"{first} {conjunction} {second}"

    am_pm = r"([\s\u00a0]?(?:(?:[aApP][mM](?!\w)|[aApP]\.[mM]\.)))"
    found = [Rule(re.compile(r"(?<![\w:.])(\d{1,3}):(\d\d):(\d\d)(?![\w:])"), length)]
    found.append(Rule(_COUNTED, counted))
    if conjunction:
        found.append(Rule(re.compile(rf"(?<![\w:.]){clock}{half}[\s\u00a0]?{_DASH}[\s\u00a0]?{clock}{half}"), between))
        found.append(
            Rule(
                re.compile(rf"(?<![\w:.])(\d{{1,2}}){am_pm}?[\s\u00a0]?{_DASH}[\s\u00a0]?(\d{{1,2}}){am_pm}(?!\w)"),
                hours_only,
            )
        )
    found.append(Rule(re.compile(rf"(?<![\w:.]){clock}{half}"), at))
    found.append(Rule(re.compile(rf"(?<![\w:.,])(\d{{1,2}}){am_pm}(?!\w)"), hour_only))
    return found
