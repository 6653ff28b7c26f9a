"""Requests that nobody should send, and somebody does: each is refused with words that say what is wrong."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from bus.errors import InvalidInput
from bus.log import streams
from services.gateway.web.conversation_routes import CharacterChoice, NewMessage
from services.gateway.web.http_messages import read_json
from tests.services.gateway.conftest import Running
from tests.services.gateway.web.test_api import error_of, read_events

NO_SEQUENCES = [
    "yesterday", "-1", "+5", "1.5", "1e3", "0x1f", "nan", "inf", "²", "٣", "１２", "1_000", " 5", "5 ", "5\n", "5,6",
    "null", "9" * 20, "9" * 5000, "5\x00",
]  # fmt: skip


async def test_events_after_what_is_no_sequence_are_refused(gateway: Running) -> None:
    path = f"/api/conversations/{await gateway.open()}/events"
    for wrong in NO_SEQUENCES:
        answer = await gateway.client.get(path, params={"after": wrong})
        assert error_of(answer) == (400, "invalid_input"), wrong
        assert "sequence number" in answer.json()["error"]["message"]


async def test_a_last_event_id_that_is_no_sequence_is_refused(gateway: Running) -> None:
    path = f"/api/conversations/{await gateway.open()}/events"
    for wrong in ("²", "-1", "9" * 5000, "0x1f", "+5"):
        answer = await gateway.client.get(path, headers={b"last-event-id": wrong.encode("latin-1")})
        assert error_of(answer) == (400, "invalid_input"), wrong


async def test_events_after_the_end_of_the_log_are_refused_and_not_silent(gateway: Running) -> None:
    conversation = await gateway.open()
    path = f"/api/conversations/{conversation}/events"
    newest = await gateway.event_log.last_sequence(streams.CONVERSATIONS)
    for past in (newest + 1, 999_999_999, 9_999_999_999_999_999_999):
        for answer in (
            await gateway.client.get(path, params={"after": str(past)}),
            await gateway.client.get(path, headers={"last-event-id": str(past)}),
        ):
            assert error_of(answer) == (400, "invalid_input")
            assert f"the newest event, {newest};" in answer.json()["error"]["message"]


async def test_events_after_the_newest_of_all_conversations_are_those_that_follow(gateway: Running) -> None:
    conversation = await gateway.open()
    await gateway.open("milo")
    newest = await gateway.event_log.last_sequence(streams.CONVERSATIONS)
    path = f"/api/conversations/{conversation}"
    await gateway.client.post(f"{path}/messages", json={"text": "hello"})
    found = await read_events(gateway.client, f"{path}/events?after={newest}", 1)
    assert [kind for _, kind in found] == ["message.received"]


WRONG_MESSAGES = [
    (rb'{"text": "a cake \ud83c"}', r"half a character (a lone surrogate), \ud83c at 17"),
    (rb'{"text": "\udf82 for you"}', r"half a character (a lone surrogate), \udf82 at 10"),
    (rb'{"text": "\ud83c\ud83c\udf82"}', "half a character"),
    (rb'{"text": "a", "\ud83c": 1}', "half a character"),
    ('{"text": "a cake \ud83c"}'.encode("utf-8", "surrogatepass"), "not UTF-8: invalid continuation byte at byte 17"),
    (b'{"text": "\xff"}', "not UTF-8: invalid start byte at byte 10"),
    ('{"text": "hello"}'.encode("utf-16"), "not UTF-8"),
    (b'{"text": ["hello"]}', "Expected `str`, got `array` - at `$.text`"),
    (b'{"text": null}', "Expected `str`, got `null`"),
    (b'{"text": "hello", "message": 7}', "Expected `str"),
    (b'{"text": "hello", "message": "m1\\n"}', "at `$.message`"),
    (b'{"text": "hello", "message": ""}', "at `$.message`"),
    (b'{"text": "hello", "colour": "red"}', "unknown field `colour`"),
    (b'["hello"]', "Expected `object`, got `array`"),
    (b'"hello"', "Expected `object`, got `str`"),
    (b"text=hello", "JSON is malformed"),
    (b'{"text": "hello"', "truncated"),
    (b"[" * 60_000, "Expected `object`"),
    (b'{"text": ' * 7_000, "Expected `str`, got `object`"),
]
"""Bodies, and what is said about them."""


async def test_a_body_that_is_no_message_is_refused_in_words_that_say_why(gateway: Running) -> None:
    conversation = await gateway.open()
    path = f"/api/conversations/{conversation}/messages"
    for content, words in WRONG_MESSAGES:
        for content_type in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
            answer = await gateway.client.post(path, content=content, headers={"content-type": content_type})
            assert error_of(answer) == (400, "invalid_input"), content[:80]
            assert words in answer.json()["error"]["message"]
    assert len(await gateway.event_log.facts(conversation)) == 1


async def test_an_id_with_something_behind_it_is_not_that_id(gateway: Running) -> None:
    conversation = await gateway.open()
    for suffix in ("%0A", "%00", "%20", "%2F..", "%E2%80%A8"):
        for method, path in [
            ("GET", f"/api/conversations/{conversation}{suffix}"),
            ("GET", f"/api/conversations/{conversation}{suffix}/events"),
            ("POST", f"/api/conversations/{conversation}{suffix}/messages"),
            ("DELETE", f"/api/rtc/{conversation}{suffix}"),
            ("GET", f"/api/characters/ada{suffix}/portrait"),
        ]:
            answer = await gateway.client.request(method, path, json={"text": "hello"} if method == "POST" else None)
            assert 400 <= answer.status_code < 500, f"{method} {path}: {answer.status_code}"
    assert len(await gateway.event_log.facts(conversation)) == 1


async def test_every_error_has_one_form_whoever_refuses(gateway: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    assert error_of(await gateway.client.get("/api/nothing")) == (404, "not_found")
    assert error_of(await gateway.client.post("/healthz")) == (405, "not_allowed")
    page = await gateway.client.get("/")
    policy = page.headers["content-security-policy"].split("; ")
    assert {"default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy)
    if page.status_code == 200:  # it is built
        assert error_of(await gateway.client.get("/nothing")) == (404, "not_found")
        assert error_of(await gateway.client.post("/")) == (405, "not_allowed")
    secret = "'NoneType' object has no attribute 'what'"

    def broken(person: str) -> None:
        raise AttributeError(secret)

    monkeypatch.setattr(gateway.server._conversations, "visible_characters", broken)
    answer = await gateway.client.get("/api/characters")
    assert error_of(answer) == (500, "broken")
    assert "NoneType" not in answer.text


def request_with(body: bytes) -> Request:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body}

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


WHOLE = st.sampled_from(["a", "é", r"\u00e9", r"\ud83c\udf82", r"\uD83D\uDE00", r"\\ud83c", r"\\\\", r"\n", "🎂"])
HALF = st.sampled_from([r"\ud83c", r"\uDF82", r"\ud800", r"\udfff"])


@given(st.lists(WHOLE), st.none() | HALF, st.lists(WHOLE))
async def test_whatever_is_spelled_with_escapes_only_half_a_character_is_refused(
    before: list[str], half: str | None, after: list[str]
) -> None:
    body = f'{{"text": "{"".join([*before, "-", half or "", "-", *after])}"}}'
    if half is None:
        assert (await read_json(request_with(body.encode()), NewMessage)).text == json.loads(body)["text"]
        return
    with pytest.raises(InvalidInput) as refusal:
        await read_json(request_with(body.encode()), NewMessage)
    assert f"half a character (a lone surrogate), {half}" in refusal.value.detail


@given(st.binary(max_size=60))
async def test_whatever_bytes_are_sent_they_are_read_or_refused(body: bytes) -> None:
    with suppress(InvalidInput):
        assert isinstance(await read_json(request_with(body), CharacterChoice), CharacterChoice)
