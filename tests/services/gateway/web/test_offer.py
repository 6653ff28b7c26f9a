"""Offers of every kind are answered rightly, or refused in words."""

from __future__ import annotations

from contextlib import suppress

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import InvalidInput
from services.gateway.playing.peer_connection import PeerConnection
from services.gateway.web.offer import parse_offer, required_level
from tests.services.gateway.web.offers import ACCEPTED, CHROMIUM, REFUSED


@pytest.mark.parametrize("name", ACCEPTED)
async def test_what_is_accepted_is_answered_with_opus_and_h264_alone(name: str) -> None:
    connection = PeerConnection([], on_microphone_packet=lambda *packet: None, on_disconnect=lambda: None)
    try:
        answer = SessionDescription.parse(await connection.answer(parse_offer(ACCEPTED[name], video_size=512)))
    finally:
        await connection.close()
    codecs = {section.kind: [one.mimeType for one in section.rtp.codecs] for section in answer.media}
    assert codecs["audio"] == ["audio/opus"]
    assert {*codecs["video"]} <= {"video/H264", "video/rtx"}
    assert codecs["video"][0] == "video/H264"
    assert all(section.port for section in answer.media)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_answered_is_refused_with_the_reason(name: str) -> None:
    sdp, reason = REFUSED[name]
    with pytest.raises(InvalidInput) as refused:
        parse_offer(sdp, video_size=512)
    assert reason in refused.value.detail


@given(st.integers(0, len(CHROMIUM)), st.integers(0, 400), st.text(max_size=20))
def test_a_damaged_offer_is_accepted_or_refused_but_raises_nothing_else(start: int, length: int, put_in: str) -> None:
    with suppress(InvalidInput):
        parse_offer(CHROMIUM[:start] + put_in + CHROMIUM[start + length :], video_size=512)


def test_the_required_level_grows_with_the_size_and_the_largest_pictures_need_what_browsers_offer() -> None:
    levels = [required_level(size) for size in range(128, 961, 16)]
    assert levels == sorted(levels)
    assert (levels[0], levels[-1]) == (11, 31)
    assert required_level(1024) == 32
