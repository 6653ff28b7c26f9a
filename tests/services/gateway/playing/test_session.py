"""A live session with a WebRTC peer of the same library in place of a browser: microphone in, voice and face out."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection
from msgspec.structs import replace

from bus import subjects
from bus.errors import BusError
from bus.events import (
    AudioIn,
    Body,
    CommandRecognised,
    ConversationOpened,
    Event,
    PlaybackFinished,
    PlaybackStarted,
    ReplyEnded,
    ReplyInterrupted,
    ReplySentence,
    ReplyStarted,
    SessionClosed,
    SessionOpened,
    SpeechStarted,
    TranscriptFinal,
    UtteranceDiscarded,
    UtteranceEnded,
    UtteranceStarted,
)
from bus.log.event_log import EventLog
from bus.settings import DETECT_LANGUAGE, Settings
from services.audio import SILENCE, OpusEncoder
from services.gateway.listening.voice_activity import PocketsphinxDetector, SileroDetector
from services.gateway.playing import aiortc_tuning
from services.models.catalogue import SILERO
from tests import real_models
from tests.services.gateway.conftest import Running, serving
from tests.services.gateway.playing.peer import Peer


@asynccontextmanager
async def connected(gateway: Running, conversation: str, *, answers_pings: bool = True) -> AsyncIterator[Peer]:
    peer = Peer(answers_pings=answers_pings)
    try:
        await peer.connect(gateway, conversation)
        await events_of(gateway, conversation, SessionOpened)
        yield peer
    finally:
        await peer.close()


async def events_of(gateway: Running, conversation: str, kind: type[Body], count: int = 1) -> list[Event]:
    """Wait until the log has so many events of a kind; returns all of them."""
    async with asyncio.timeout(20):
        while True:
            events = [event for _, event in await gateway.event_log.facts(conversation) if isinstance(event.body, kind)]
            if len(events) >= count:
                return events
            await asyncio.sleep(0.05)


def speech(name: str, index: int = 0) -> SpeechStarted:
    return SpeechStarted(speech=name, reply="r1", index=index, character="ada", voice="v", engine="e")


def reply(*texts: str) -> list[Body]:
    sentences = [ReplySentence(reply="r1", index=n, text=text, character="ada") for n, text in enumerate(texts)]
    return [ReplyStarted(reply="r1", character="ada", engine="e"), *sentences]


def spoken(text: str, folder: Path) -> list[bytes]:
    path = folder / "said.wav"
    subprocess.run(["flite", "-voice", "rms", "-t", text, "-o", str(path)], check=True)
    with wave.open(str(path)) as recording:
        encoder = OpusEncoder(recording.getframerate())
        samples = np.frombuffer(recording.readframes(recording.getnframes()), np.int16)
        return [*encoder.push(samples), *encoder.flush()]


async def test_a_speech_is_heard_and_seen_and_its_playback_is_on_the_log(gateway: Running) -> None:
    conversation = await gateway.open()
    async with connected(gateway, conversation) as peer:
        await gateway.record(conversation, "t1", *reply("A tone."))
        await gateway.speak(conversation, "t1", speech("s1"), 1.6)
        finished = await events_of(gateway, conversation, PlaybackFinished)
        await asyncio.sleep(0.3)
    started = await events_of(gateway, conversation, PlaybackStarted)
    assert isinstance(finished[0].body, PlaybackFinished)
    assert finished[0].body.complete
    assert finished[0].body.samples == 80 * 960
    assert finished[0].body.frames == 40
    assert isinstance(started[0].body, PlaybackStarted)
    assert started[0].body.video
    speech_started = await events_of(gateway, conversation, SpeechStarted)
    assert {(event.cause, event.turn) for event in started + finished} == {(speech_started[0].id, "t1")}
    sound = np.concatenate(peer.heard).astype(np.float64)
    loud = sound[np.abs(sound).argmax() :][:24_000]
    spectrum = np.abs(np.fft.rfft(loud))
    assert abs(spectrum.argmax() * 48_000 / len(loud) - 440) < 15
    assert {60, 200} <= {10 * round(shade / 10) for shade in peer.shades}
    assert peer.pings


async def test_speech_into_the_microphone_is_an_utterance_on_the_log(gateway: Running, tmp_path: Path) -> None:
    conversation = await gateway.open()
    packets = spoken("what can you do", tmp_path)
    async with connected(gateway, conversation) as peer:
        peer.say([SILENCE] * 60 + packets)
        ended = (await events_of(gateway, conversation, UtteranceEnded))[0]
        started = (await events_of(gateway, conversation, UtteranceStarted))[0]
    assert isinstance(started.body, UtteranceStarted)
    assert isinstance(ended.body, UtteranceEnded)
    assert started.cause is None
    assert (ended.cause, ended.turn, ended.body.reason) == (started.id, started.turn, "silence")
    subject = subjects.audio_in(conversation, started.body.utterance)
    chunks = [chunk async for chunk in gateway.event_log.follow(AudioIn, subject)]
    assert [chunk.index for chunk in chunks] == list(range(len(chunks)))
    assert [chunk.final for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    pcm = b"".join(chunk.pcm for chunk in chunks)
    positions = np.cumsum([0] + [len(chunk.pcm) // 2 for chunk in chunks])
    assert [chunk.sample for chunk in chunks] == positions[:-1].tolist()
    assert ended.body.samples == positions[-1]
    loudness = np.sqrt(np.mean(np.frombuffer(pcm, np.int16).astype(float)[: ended.body.speech_ended] ** 2))
    assert loudness > 300
    assert len(packets) * 320 * 0.7 < ended.body.speech_ended < ended.body.samples


def silero_detector() -> SileroDetector:
    return SileroDetector(real_models.folder(SILERO) / SILERO.files[0].path)


@real_models.needs(SILERO)
async def test_with_silero_and_language_detection(
    event_log: EventLog, settings: Settings, tmp_path: Path
) -> None:
    async with serving(event_log, replace(settings, language=DETECT_LANGUAGE), silero_detector) as gateway:
        conversation = await gateway.open()
        opened = (await events_of(gateway, conversation, ConversationOpened))[0]
        async with connected(gateway, conversation) as peer:
            peer.say([SILENCE] * 60 + spoken("what can you do", tmp_path))
            ended = (await events_of(gateway, conversation, UtteranceEnded))[0]
            started = (await events_of(gateway, conversation, UtteranceStarted))[0]
    assert isinstance(opened.body, ConversationOpened)
    assert isinstance(started.body, UtteranceStarted)
    assert isinstance(ended.body, UtteranceEnded)
    assert (opened.body.language, started.body.language, ended.body.reason) == ("en", "und", "silence")
    assert 6_000 < ended.body.speech_ended < ended.body.samples


async def test_leaving_in_mid_sentence_ends_the_utterance_and_the_session(gateway: Running, tmp_path: Path) -> None:
    conversation = await gateway.open()
    async with connected(gateway, conversation) as peer:
        peer.say([SILENCE] * 60 + 5 * spoken("tell me about the other characters please", tmp_path))
        await events_of(gateway, conversation, UtteranceStarted)
        await asyncio.sleep(0.5)
        assert (await gateway.client.delete(peer.location)).status_code == 204
        closed = (await events_of(gateway, conversation, SessionClosed))[0]
    assert isinstance(closed.body, SessionClosed)
    assert closed.body.reason == "left"
    ended = (await events_of(gateway, conversation, UtteranceEnded))[0]
    assert isinstance(ended.body, UtteranceEnded)
    assert ended.body.reason == "session_closed"
    started = (await events_of(gateway, conversation, UtteranceStarted))[0]
    assert isinstance(started.body, UtteranceStarted)
    chunks = [
        chunk
        async for chunk in gateway.event_log.follow(AudioIn, subjects.audio_in(conversation, started.body.utterance))
    ]
    assert chunks[-1].final


async def test_a_session_whose_beginning_could_not_be_stored_has_it_on_the_log_before_its_end(
    gateway: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await gateway.open()
    append = EventLog.append
    refused: list[Event] = []

    async def refuse_once(event_log: EventLog, event: Event) -> int:
        if isinstance(event.body, SessionOpened) and not refused:
            refused.append(event)
            raise BusError("NATS is away")
        return await append(event_log, event)

    monkeypatch.setattr(EventLog, "append", refuse_once)
    peer = Peer()
    try:
        await peer.connect(gateway, conversation)
        await events_of(gateway, conversation, SessionClosed)
    finally:
        await peer.close()
    facts = [event for _, event in await gateway.event_log.facts(conversation)]
    kinds = [type(event.body) for event in facts if isinstance(event.body, SessionOpened | SessionClosed)]
    assert (len(refused), kinds) == (1, [SessionOpened, SessionClosed])


async def test_an_interruption_stops_the_voice_and_reports_what_was_heard(gateway: Running) -> None:
    conversation = await gateway.open()
    async with connected(gateway, conversation) as peer:
        text = "One two three four five six seven eight nine ten."
        await gateway.record(conversation, "t1", *reply(text, "Never heard."))
        await gateway.speak(conversation, "t1", speech("s1"), 8.0)
        await events_of(gateway, conversation, PlaybackStarted)
        await asyncio.sleep(2.5)
        await gateway.client.post(f"/api/conversations/{conversation}/interrupt")
        await asyncio.sleep(0.5)
        peer.heard.clear()
        await asyncio.sleep(0.7)
        quiet = np.concatenate(peer.heard)
    finished = (await events_of(gateway, conversation, PlaybackFinished))[0]
    cut = (await events_of(gateway, conversation, ReplyInterrupted))[0]
    assert isinstance(finished.body, PlaybackFinished)
    assert not finished.body.complete
    assert isinstance(cut.body, ReplyInterrupted)
    assert cut.body.heard
    assert text.startswith(cut.body.heard)
    assert cut.body.heard != text
    assert np.abs(quiet).max() < 300


@pytest.mark.parametrize("backchannel", [False, True])
async def test_a_cough_or_a_backchannel_makes_the_voice_pause_and_resume(gateway: Running, backchannel: bool) -> None:
    conversation = await gateway.open()
    async with connected(gateway, conversation) as peer:
        await gateway.record(conversation, "t1", *reply("One two three four five."))
        await gateway.speak(conversation, "t1", speech("s1"), 3.0)
        (opened,) = await events_of(gateway, conversation, SessionOpened)
        await events_of(gateway, conversation, PlaybackStarted)
        await asyncio.sleep(0.5)
        assert isinstance(opened.body, SessionOpened)
        await gateway.record(conversation, "t2", UtteranceStarted(utterance="u1", session=opened.body.session))
        await asyncio.sleep(0.5)
        peer.heard.clear()
        await asyncio.sleep(0.7)
        paused = np.concatenate(peer.heard)
        over: Body = UtteranceDiscarded(utterance="u1", reason="no_words")
        if backchannel:
            over = TranscriptFinal(utterance="u1", text="mm-hm", language="en", confidence=0.5)
        await gateway.record(conversation, "t2", over)
        (finished,) = await events_of(gateway, conversation, PlaybackFinished)
        after = np.concatenate(peer.heard[-20:])
    assert np.abs(paused).max() < 300
    assert np.abs(after).max() > 3000
    assert isinstance(finished.body, PlaybackFinished)
    assert (finished.body.complete, finished.body.samples) == (True, 150 * 960)


@pytest.mark.parametrize("words", ["", "and how old are you"])
async def test_a_reply_that_starts_while_the_person_speaks_waits_for_the_words(gateway: Running, words: str) -> None:
    conversation = await gateway.open()
    async with connected(gateway, conversation) as peer:
        (opened,) = await events_of(gateway, conversation, SessionOpened)
        assert isinstance(opened.body, SessionOpened)
        await gateway.record(conversation, "t2", UtteranceStarted(utterance="u1", session=opened.body.session))
        await gateway.record(conversation, "t1", *reply("One two three four five."))
        await gateway.speak(conversation, "t1", speech("s1"), 1.0)
        await asyncio.sleep(0.7)
        over: Body = UtteranceDiscarded(utterance="u1", reason="no_words")
        if words:
            over = TranscriptFinal(utterance="u1", text=words, language="en", confidence=0.5)
        waited = np.concatenate(peer.heard)
        await gateway.record(conversation, "t2", over)
        kind: type[Body] = ReplyInterrupted if words else PlaybackFinished
        (decided,) = await events_of(gateway, conversation, kind)
    assert np.abs(waited).max() < 300
    assert decided.turn == "t1"
    if isinstance(decided.body, ReplyInterrupted):
        assert decided.body.heard == ""
    else:
        assert isinstance(decided.body, PlaybackFinished)
        assert decided.body.complete


async def test_words_over_the_voice_do_not_interrupt_their_own_answer(gateway: Running) -> None:
    conversation = await gateway.open()
    async with connected(gateway, conversation):
        (opened,) = await events_of(gateway, conversation, SessionOpened)
        assert isinstance(opened.body, SessionOpened)
        await gateway.record(conversation, "t1", *reply("One two three four five six seven."))
        await gateway.speak(conversation, "t1", speech("s1"), 8.0)
        await events_of(gateway, conversation, PlaybackStarted)
        await gateway.record(
            conversation,
            "t2",
            UtteranceStarted(utterance="u1", session=opened.body.session),
            ReplyStarted(reply="r2", character="ada", engine="e"),  # as if the gateway read the transcript late
            TranscriptFinal(utterance="u1", text="what time is it", language="en", confidence=0.5),
        )
        await events_of(gateway, conversation, ReplyInterrupted)
        await asyncio.sleep(0.5)
        cut = await events_of(gateway, conversation, ReplyInterrupted)
    assert [one.turn for one in cut] == ["t1"]


async def test_the_command_to_stop_stops_the_voice(gateway: Running) -> None:
    conversation = await gateway.open()
    async with connected(gateway, conversation):
        await gateway.record(conversation, "t1", *reply("One two three four five six seven."))
        await gateway.speak(conversation, "t1", speech("s1"), 8.0)
        await events_of(gateway, conversation, PlaybackStarted)
        await gateway.record(conversation, "t2", CommandRecognised(name="stop"))
        cut = (await events_of(gateway, conversation, ReplyInterrupted))[0]
    assert isinstance(cut.body, ReplyInterrupted)
    assert (cut.turn, cut.body.by) == ("t1", "speech")


async def test_a_newly_chosen_character_is_shown(gateway: Running) -> None:
    conversation = await gateway.open("milo")
    async with connected(gateway, conversation) as peer:
        await asyncio.sleep(0.5)
        assert peer.shades == []  # Milo has no idle loop
        await gateway.client.put(f"/api/conversations/{conversation}/character", json={"character": "ada"})
        async with asyncio.timeout(10):
            while not peer.shades:
                await asyncio.sleep(0.05)
    assert {10 * round(shade / 10) for shade in peer.shades} == {60}


async def test_two_conversations_never_hear_each_other(gateway: Running) -> None:
    first, second = await gateway.open(), await gateway.open()
    # A client that answers no pings reports by RTCP what has arrived, as every one does.
    async with connected(gateway, first, answers_pings=False) as loud, connected(gateway, second) as silent:
        await gateway.record(first, "t1", *reply("A tone."))
        await gateway.speak(first, "t1", speech("s1"), 1.0)
        await events_of(gateway, first, PlaybackFinished)
        assert not any(one._delivery.is_trusted for one in gateway.server._sessions.here.values())
        await asyncio.sleep(0.3)
        assert np.abs(np.concatenate(loud.heard)).max() > 3000
        assert np.abs(np.concatenate(silent.heard)).max() < 300
    assert not [one for _, one in await gateway.event_log.facts(second) if isinstance(one.body, PlaybackStarted)]
    # A browser that closes its connection says so to the gateway that has it, before its request to leave is anywhere.
    (closed,) = await events_of(gateway, first, SessionClosed)
    assert isinstance(closed.body, SessionClosed)
    assert closed.body.reason == "left"


async def test_a_session_that_never_connects_leaves_no_event(event_log: EventLog, settings: Settings) -> None:
    async with serving(event_log, settings, PocketsphinxDetector, connect_timeout=0.3) as gateway:
        conversation = await gateway.open()
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        for kind in ("audio", "video"):
            peer.addTransceiver(kind, direction="recvonly")
        await peer.setLocalDescription(await peer.createOffer())
        sdp = peer.localDescription.sdp
        await peer.close()
        headers = {"content-type": "application/sdp"}
        answer = await gateway.client.post(f"/api/conversations/{conversation}/rtc", content=sdp, headers=headers)
        assert answer.status_code == 201
        async with asyncio.timeout(10):
            while (await gateway.client.delete(answer.headers["location"])).status_code != 404:
                await asyncio.sleep(0.1)
        assert len(await event_log.facts(conversation)) == 1
        # The renderer draws from the offer on, so that the answer to a first message has pictures from its beginning.
        assert await event_log.last_live(subjects.watching(conversation)) is not None


async def test_a_reply_that_no_session_has_played_is_resumed_by_the_next_one(gateway: Running) -> None:
    conversation = await gateway.open()
    message = await gateway.client.post(f"/api/conversations/{conversation}/messages", json={"text": "go"})
    turn = message.json()["turn"]
    await gateway.record(conversation, turn, *reply("One.", "Two."))
    await gateway.speak(conversation, turn, speech("s1"), 0.8)
    await gateway.speak(conversation, turn, speech("s2", 1), 0.8)
    await gateway.record(conversation, turn, ReplyEnded(reply="r1", sentences=2))
    async with connected(gateway, conversation) as peer:
        finished = await events_of(gateway, conversation, PlaybackFinished, 2)
        await asyncio.sleep(0.2)
        assert np.abs(np.concatenate(peer.heard)).max() > 3000
        async with connected(gateway, conversation) as second:
            await asyncio.sleep(1.0)
            assert np.abs(np.concatenate(second.heard)).max() < 300
    bodies = [event.body for event in finished if isinstance(event.body, PlaybackFinished)]
    assert [(body.speech, body.complete) for body in bodies] == [("s1", True), ("s2", True)]
    assert len(await events_of(gateway, conversation, PlaybackFinished, 2)) == 2


async def test_a_lost_key_frame_is_followed_by_another_within_a_second(gateway: Running) -> None:
    conversation = await gateway.open()
    keys: list[int] = []

    def collect(sequence: int, timestamp: int, payload: bytes, ssrc: int) -> None:
        # aiortc has made Annex B of the fragments: type 5 is a slice of a key frame.
        if any(payload[at + 4] & 31 == 5 for at in range(len(payload) - 4) if payload[at : at + 4] == b"\0\0\0\1"):
            keys.append(timestamp)

    async with connected(gateway, conversation) as peer:
        video = next(one for one in peer.pc.getTransceivers() if one.kind == "video")
        aiortc_tuning.intercept_packets(video.receiver, collect)
        await asyncio.sleep(1.5)
        await gateway.record(conversation, "t1", *reply("A tone."))
        await gateway.speak(conversation, "t1", speech("s1"), 0.8)
        await events_of(gateway, conversation, PlaybackFinished)
        await asyncio.sleep(1.5)
    assert len(keys) >= 5
    assert all(later - earlier <= 90_000 for earlier, later in itertools.pairwise(keys))
