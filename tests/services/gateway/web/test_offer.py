"""Offers of every kind are answered rightly, or refused in words."""

from __future__ import annotations

from contextlib import suppress

import pytest
from aiortc.sdp import SessionDescription, grouplines
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.errors import InvalidInput
from services.gateway.ice.configuration import IceConfiguration
from services.gateway.playing import aiortc_tuning
from services.gateway.playing.peer_connection import PeerConnection
from services.gateway.web.offer import parse_offer
from tests.services.gateway.web.offers import (
    ACCEPTED,
    CHROMIUM,
    G722,
    H265,
    OPUS,
    PCMU,
    REFUSED,
    VP8,
    h264,
    offer,
    section,
)

LEVEL = 30


async def answer_to(sdp: str) -> str:
    """What the gateway answers to an offer."""
    aiortc_tuning.apply_patches(loopback=True)
    taken = parse_offer(sdp, level=LEVEL)
    connection = PeerConnection(
        IceConfiguration(),
        user="s",
        on_microphone_packet=lambda *packet: None,
        on_delivered=lambda tick: None,
        on_disconnect=lambda how: None,
    )
    try:
        return taken.complete(await connection.answer(taken.description))
    finally:
        await connection.close()


def check_answer(offered: str, answered: str) -> None:
    """Each section has its place; Opus and H.264 are taken once, by the offer's numbers, and all else is refused."""
    readable = "\n".join(line for line in offered.splitlines() if not line.startswith("a=candidate"))
    theirs, ours = (SessionDescription.parse(text) for text in (readable, answered))
    assert [one.kind for one in ours.media] == [one.kind for one in theirs.media]
    assert [one.rtp.muxId for one in ours.media] == [one.rtp.muxId for one in theirs.media]
    live = [one for one in ours.media if one.port]
    assert sorted(one.kind for one in live if one.kind != "application") == ["audio", "video"]
    assert ours.group[0].items == [one.rtp.muxId for one in live]
    for mine, other in zip(ours.media, theirs.media, strict=True):
        if not mine.port or mine.kind == "application":
            continue
        assert other.port or "a=bundle-only" in offered
        numbers = {codec.payloadType: codec.name.lower() for codec in other.rtp.codecs}
        names = [codec.name.lower() for codec in mine.rtp.codecs]
        assert names in ([["opus"]] if mine.kind == "audio" else [["h264"], ["h264", "rtx"]])
        assert all(numbers[codec.payloadType] == codec.name.lower() for codec in mine.rtp.codecs)
        assert mine.direction in ("sendrecv" if mine.kind == "audio" else "", "sendonly")
        if mine.kind == "video":
            (found,) = [one for one in other.rtp.codecs if one.payloadType == mine.rtp.codecs[0].payloadType]
            assert int(str(found.parameters.get("profile-level-id", "42e01f"))[4:], 16) >= LEVEL


@pytest.mark.parametrize("name", ACCEPTED)
async def test_what_is_accepted_is_answered_with_opus_and_h264_alone(name: str) -> None:
    check_answer(ACCEPTED[name], await answer_to(ACCEPTED[name]))


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_answered_is_refused_with_the_reason(name: str) -> None:
    sdp, reason = REFUSED[name]
    with pytest.raises(InvalidInput) as refused:
        parse_offer(sdp, level=LEVEL)
    assert reason in refused.value.detail


async def test_candidates_of_every_section_are_taken_for_the_transport_that_all_share() -> None:
    host = "a=candidate:{0} 1 udp 2122260223 192.0.2.{0} 50000 typ host"
    for text in (
        offer([*section("audio", 0, OPUS), host.format(1)], [*section("video", 1, h264(102)), host.format(2)]),
        offer([*section("audio", 0, OPUS), host.format(1), host.format(2)], section("video", 1, h264(102))),
    ):
        (_, *sections) = grouplines(parse_offer(text, level=LEVEL).description.sdp)[1]
        assert [line.split()[4] for line in sections[-1] if "candidate" in line] == ["192.0.2.1", "192.0.2.2"]


KINDS = st.sampled_from(["audio", "video", "text"])
AUDIO_PAYLOADS = st.lists(st.sampled_from([OPUS, PCMU, G722]), min_size=1, max_size=3, unique=True)
VIDEO_PAYLOADS = st.lists(
    st.sampled_from([VP8, H265, h264(100, "640c1f"), h264(102), h264(104, "42e00c"), h264(106, mode=0)]),
    min_size=1,
    max_size=4,
    unique=True,
)


@st.composite
def offers(draw: st.DrawFn) -> str:
    """Offers of any sections in any order."""
    sections = []
    for mid, kind in enumerate(draw(st.lists(KINDS, min_size=1, max_size=5))):
        payloads = {"audio": AUDIO_PAYLOADS, "video": VIDEO_PAYLOADS, "text": st.just(["98 t140/1000"])}[kind]
        direction = draw(st.sampled_from(["sendrecv", "recvonly", "sendonly", "inactive"]))
        port = draw(st.sampled_from([9, 9, 0, 51234]))
        sections.append(section(kind, mid, *draw(payloads), direction=direction, port=port))
    return offer(*sections, data=draw(st.booleans()))


@settings(max_examples=60, deadline=None)
@given(offers())
async def test_offers_of_any_sections_are_answered_rightly_or_refused(sdp: str) -> None:
    with suppress(InvalidInput):
        check_answer(sdp, await answer_to(sdp))


@given(st.integers(0, len(CHROMIUM)), st.integers(0, 400), st.text(max_size=20))
def test_a_damaged_offer_is_accepted_or_refused_but_raises_nothing_else(start: int, length: int, put_in: str) -> None:
    with suppress(InvalidInput):
        parse_offer(CHROMIUM[:start] + put_in + CHROMIUM[start + length :], level=LEVEL)


@settings(max_examples=40, deadline=None)
@given(st.data())
async def test_an_offer_whose_lines_are_mixed_up_is_answered_or_refused_but_raises_nothing_else(
    data: st.DataObject,
) -> None:
    lines = CHROMIUM.split("\r\n")
    for _ in range(data.draw(st.integers(1, 6))):
        line = lines.pop(data.draw(st.integers(1, len(lines) - 1)))
        for _ in range(data.draw(st.integers(0, 2))):
            lines.insert(data.draw(st.integers(1, len(lines) - 1)), line)
    with suppress(InvalidInput):
        await answer_to("\r\n".join(lines))


async def test_an_offer_that_leaves_a_section_without_a_transport_is_refused_and_closed() -> None:
    lines = CHROMIUM.split("\r\n")
    line = lines.pop(211)
    lines.insert(16, line)
    lines.insert(206, line)
    with pytest.raises(InvalidInput, match="cannot be answered"):
        await answer_to("\r\n".join(lines))
