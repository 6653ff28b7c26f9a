"""The pure parts of reading a server: bytes, objects, halves of characters, and times to wait."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dialogue.openai.answer import AnswerReader
from services.dialogue.openai.chunks import read_chunk
from services.dialogue.openai.retry_after import retry_after
from services.dialogue.openai.surrogates import SurrogateJoiner

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "delta", "message", "content", "text", "error", "finish_reason", "type", "index"]
            ),
            inside,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["choices", "error", "object", "message", "delta", "detail"]), ANYTHING))
def test_no_object_breaks_the_reader(value: dict[str, object]) -> None:
    chunk = read_chunk(value)
    assert isinstance(chunk.text, str)


@given(st.binary(max_size=200), st.integers(1, 9))
def test_no_bytes_break_the_reader(body: bytes, size: int) -> None:
    reader = AnswerReader()
    told = "".join(reader.push(body[place : place + size]) for place in range(0, len(body), size))
    told += reader.finish_body() + reader.flush()
    assert told == reader.text
    told.encode()  # valid Unicode


@given(st.text("aé日🎂\n<", min_size=1, max_size=30), st.data(), st.sampled_from(["\n\n", "\r\n\r\n", "\r\r", "\n"]))
def test_an_answer_is_the_same_wherever_its_bytes_are_cut(text: str, draw: st.DataObject, end: str) -> None:
    body = "".join(
        f"data: {json.dumps({'choices': [{'delta': {'content': letter}}]}, ensure_ascii=False)}{end}" for letter in text
    ).encode()
    places = draw.draw(st.lists(st.integers(0, len(body)), max_size=8).map(sorted))
    reader = AnswerReader()
    for start, stop in zip([0, *places], [*places, len(body)], strict=True):
        reader.push(body[start:stop])
    reader.finish_body()
    reader.flush()
    assert reader.text == text.lstrip()


@given(st.text(max_size=12), st.data())
def test_characters_cut_into_halves_are_joined_wherever_they_are_cut(text: str, draw: st.DataObject) -> None:
    units = text.encode("utf-16-be", "surrogatepass")
    halves = "".join(chr(int.from_bytes(units[place : place + 2])) for place in range(0, len(units), 2))
    places = draw.draw(st.lists(st.integers(0, len(halves)), max_size=4).map(sorted))
    joiner = SurrogateJoiner()
    parts = [halves[start:stop] for start, stop in zip([0, *places], [*places, len(halves)], strict=True)]
    assert "".join(map(joiner.push, parts)) + joiner.flush() == text


@given(st.text("\ud83c\udf82a\udc80\udcff", max_size=8))
def test_halves_that_stay_alone_become_valid_text(halves: str) -> None:
    joiner = SurrogateJoiner()
    ("".join(map(joiner.push, halves)) + joiner.flush()).encode()


NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({"retry-after": "15"}, "", 15.0),
        ({"retry-after": " 1.5 "}, "", 1.5),
        ({"retry-after": "7s"}, "", 7.0),
        ({"retry-after-ms": "250", "retry-after": "1"}, "", 0.25),
        ({"retry-after": "Fri, 01 May 2026 12:00:30 GMT"}, "", 30.0),
        ({"retry-after": "Fri, 01 May 2026 11:00:00 GMT"}, "", 0.0),
        ({"retry-after": "Fri, 01 May 2026 09:00:30 GMT", "date": "Fri, 01 May 2026 09:00:00 GMT"}, "", 30.0),
        ({"retry-after": "-3"}, "", 0.0),
        ({"retry-after": "soon"}, "", None),
        ({"retry-after": "inf"}, "", None),
        ({}, "Rate limit reached. Please try again in 20s.", 20.0),
        ({}, "Please retry after 2 minutes", 120.0),
        ({}, "Try again in 350ms", 0.35),
        ({}, "Try again later", None),
        ({}, "", None),
    ],
)
def test_a_time_to_wait_is_read_in_every_form(headers: dict[str, str], message: str, seconds: float | None) -> None:
    assert retry_after(headers, message, now=NOW) == (pytest.approx(seconds) if seconds is not None else None)
