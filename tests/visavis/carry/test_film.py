"""A film is checked by decoding it: what is heard and seen, and when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from msgspec.structs import replace

from bus import codec, subjects
from bus.events import FrameBatch, IdleBatch
from bus.log.event_log import EventLog
from services.audio import Samples
from services.face_clips import CLIPS, IDLE_CLIPS, KEY_FRAME_INTERVAL, LOOP_FRAMES
from services.gateway.playing.idle_loops import IdleLoop, IdleLoops
from services.render.encoder import H264Encoder
from tests.visavis.carry.made_log import CONVERSATION, TONES, made_archive
from visavis.carry.contents import Archive
from visavis.carry.film import write_film
from visavis.carry.from_log import read_faces
from visavis.carry.texts import timeline_of

RATE = 48_000


def decoded(path: Path) -> tuple[Samples, list[tuple[float, float]], list[tuple[float, float, str]]]:
    """Its sound; the second and the brightness of each picture; its captions with start and end in seconds."""
    sound: list[Samples] = []
    known = 0
    pictures: list[tuple[float, float]] = []
    captions: list[tuple[float, float, str]] = []
    with av.open(path) as container:
        for frame in container.decode(container.streams.audio[0]):
            assert frame.pts is not None
            assert frame.time_base is not None
            start = round(frame.pts * frame.time_base * RATE)
            block = (frame.to_ndarray().reshape(-1) * 32767).astype(np.int16)
            sound += [np.zeros(max(0, start - known), np.int16), block[max(0, known - start) :]]
            known = max(known, start) + len(sound[-1])
    with av.open(path) as container:
        for picture in container.decode(container.streams.video[0]):
            assert picture.time is not None
            pictures.append((picture.time, brightness(picture)))
    with av.open(path) as container:
        for packet in container.demux(container.streams.subtitles[0]):
            text = bytes(packet)[2:].decode()
            if packet.pts is not None and text:
                second = float(packet.pts * packet.time_base)
                captions.append((second, second + float((packet.duration or 0) * packet.time_base), text))
    return np.concatenate(sound), pictures, captions


def brightness(picture: av.VideoFrame) -> float:
    plane = picture.planes[0]
    return float(np.frombuffer(bytes(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width].mean())


def pitch(samples: Samples) -> float:
    """The loudest frequency, in Hz; 0 where it is silent."""
    if np.abs(samples).max() < 500:
        return 0.0
    return float(np.argmax(np.abs(np.fft.rfft(samples * np.hanning(len(samples))))) * RATE / len(samples))


def check_sounds(sound: Samples, starts: dict[str, float], lengths: dict[str, float]) -> None:
    """Each clip is heard with its own tone at its place, to 20 ms."""
    for name, start in starts.items():
        first, last = start + 0.05, start + lengths[name] - 0.05
        for second in (first, last - 0.1):
            at = int(second * RATE)
            assert pitch(sound[at : at + 4800]) == pytest.approx(TONES[name], abs=15), (name, second)


@pytest.mark.parametrize("skip", [False, True])
def test_sound_pictures_and_captions_are_where_the_clips_say(tmp_path: Path, *, skip: bool) -> None:
    with made_archive() as archive:
        write_film(archive, tmp_path / "a.mp4", skip_silences=skip)
        clips = timeline_of(archive).clips
    sound, pictures, captions = decoded(tmp_path / "a.mp4")
    begin = clips[0].start - 500_000
    lengths = {clip.id: clip.samples / (16_000 if clip.kind == "person" else RATE) for clip in clips}
    starts = {clip.id: (clip.start - begin) / 1e6 for clip in clips}
    if skip:  # the waits before the second turn, and before the message, are a second each
        gap = starts["u2"] - starts["s1b"] - lengths["s1b"]
        assert gap > 1.1
        starts = {name: start - (gap - 1) * (start >= starts["u2"]) for name, start in starts.items()}
    check_sounds(sound, {name: starts[name] for name in starts if name in TONES}, lengths)
    # Nothing sounds between the first turn and the second.
    quiet = int((starts["u2"] - 0.5) * RATE)
    assert np.abs(sound[quiet : quiet + RATE // 4]).max() < 50
    # The face of the speech brightens from 180 on, the idle face is dark.
    shown = starts["s1a"]
    assert all(bright < 150 for second, bright in pictures if second < shown - 0.04)
    during = [bright for second, bright in pictures if shown + 0.04 < second < shown + 0.9]
    assert during == sorted(during)
    assert 175 < during[0] < during[-1]
    assert all(bright < 150 for second, bright in pictures if second > shown + 1.1)
    # One picture at every 40 ms.
    assert [round(second * 25) for second, _ in pictures] == list(range(len(pictures)))
    assert len(sound) / RATE == pytest.approx(len(pictures) / 25, abs=0.05)
    found = {text: (start, end) for start, end, text in reversed(captions)}
    assert found["Ada: I am Ada."] == pytest.approx((starts["s1a"], starts["s1a"] + lengths["s1a"]), abs=0.002)
    assert found["Ada: I like rain."][0] == pytest.approx(starts["s1b"], abs=0.002)
    assert any("Tell me of Zanzibar" in text for text in found)


def test_there_is_no_drift_after_minutes(tmp_path: Path) -> None:
    """The last of 26 turns, two minutes after the first, sounds and is shown where it should."""
    with made_archive() as archive:
        long = repeated(archive, 26)
        write_film(long, tmp_path / "a.mp4", skip_silences=False)
        clips = timeline_of(long).clips
    sound, pictures, _ = decoded(tmp_path / "a.mp4")
    begin = clips[0].start - 500_000
    last = [clip for clip in clips if clip.id == "s1a"][-1]
    start = (last.start - begin) / 1e6
    assert start > 120
    check_sounds(sound, {"s1a": start}, {"s1a": 1.0})
    before, after = int((start - 0.02) * RATE), int((start + 0.02) * RATE)
    assert np.abs(sound[before - 4800 : before]).max() < 500 < np.abs(sound[after : after + 960]).max()
    bright = [second for second, bright in pictures if bright > 150]
    assert min(second for second in bright if second > start - 1) == pytest.approx(start, abs=0.041)


def repeated(archive: Archive, times: int) -> Archive:
    """The first turn again and again, five seconds each, with the same sounds."""
    from visavis.carry.contents import ArchivedFact

    found = Archive(archive.conversation, media=archive.media, character_facts=archive.character_facts)
    first = [event for _, _, event in archive.events() if event.turn in (None, "t1")]
    for number in range(times):
        for event in first:
            moved = replace(
                event, id=f"{event.id}-{number}", at=event.at + number * 5_000_000,
                turn=event.turn and f"{event.turn}-{number}", cause=event.cause and f"{event.cause}-{number}",
            )  # fmt: skip
            found.facts.append(ArchivedFact.of(moved, seq=len(found.facts) + 1, stored=moved.at))
    return found


def test_pictures_of_another_size_are_encoded_again(tmp_path: Path) -> None:
    from tests.visavis.carry.made_log import picture_units

    with made_archive() as archive:
        units = picture_units(25, 96, 180)
        batch = FrameBatch(
            conversation=CONVERSATION, speech="s2a", index=0, frame=0, fps=25, phase=0, units=units, final=True
        )
        archive.media.add(subjects.frames(CONVERSATION, "s2a"), codec.encode(batch))
        write_film(archive, tmp_path / "a.mp4", skip_silences=True)
        clips = timeline_of(archive).clips
    _, pictures, _ = decoded(tmp_path / "a.mp4")
    assert [round(second * 25) for second, _ in pictures] == list(range(len(pictures)))
    bright = [second for second, brightness in pictures if brightness > 150]
    assert len(bright) == pytest.approx(50, abs=2)
    assert clips


def test_a_conversation_without_pictures_and_sounds_is_a_film_all_the_same(tmp_path: Path) -> None:
    with made_archive() as archive, Archive(CONVERSATION, facts=archive.facts) as bare:
        write_film(bare, tmp_path / "a.mp4", skip_silences=True)
    sound, pictures, captions = decoded(tmp_path / "a.mp4")
    assert np.abs(sound).max() < 10
    assert len(pictures) > 100
    assert len(captions) > 4


BRIGHT = {clip: 30 + 8 * number for number, clip in enumerate(CLIPS)}
"""Of the pictures of a clip: each has another one, all darker than a speech."""


def batches() -> Iterator[IdleBatch]:
    """Ada's clips, each of one brightness."""
    for clip, bright in BRIGHT.items():
        encoder = H264Encoder(64, 64, 25, bitrate=400_000)
        frame = np.full((96, 64), 128, np.uint8)
        frame[:64] = bright
        for first in range(0, LOOP_FRAMES, KEY_FRAME_INTERVAL):
            yield IdleBatch(
                character="ada", clip=clip, version="1", index=first // KEY_FRAME_INTERVAL, frame=first, fps=25,
                loop=LOOP_FRAMES, units=encoder.encode([frame] * KEY_FRAME_INTERVAL), rests=True,
                final=first + KEY_FRAME_INTERVAL == LOOP_FRAMES,
            )  # fmt: skip


def faces() -> dict[str, IdleLoop]:
    loops = IdleLoops()
    for batch in batches():
        loops.add(batch)
    loop = loops.get("ada")
    assert loop is not None
    return {"ada": loop}


async def test_the_clips_of_a_film_are_read_from_the_log(event_log: EventLog) -> None:
    for number, batch in enumerate(batches()):
        await event_log.publish_media(batch, f"clip-{number}")
    found = await read_faces(event_log, ["ada", "nobody"])
    assert found == faces()
    assert all(found["ada"].joins(clip, 0) for clip in CLIPS)


@pytest.mark.parametrize("skip", [False, True])
def test_the_face_of_a_film_listens_while_the_person_speaks_and_rests_after_it(tmp_path: Path, *, skip: bool) -> None:
    with made_archive() as archive:
        write_film(archive, tmp_path / "a.mp4", skip_silences=skip, faces=faces())
        write_film(archive, tmp_path / "idle.mp4", skip_silences=skip)
        clips = {clip.id: clip for clip in timeline_of(archive).clips}
        begin = min(clip.start for clip in clips.values()) - 500_000
    sound, pictures, _ = decoded(tmp_path / "a.mp4")
    assert len(pictures) == len(decoded(tmp_path / "idle.mp4")[1])
    spoken = next(
        at / RATE for at in range(0, len(sound) - 4800, 480)
        if abs(pitch(sound[at : at + 4800]) - TONES["u2"]) < 5
    )  # fmt: skip
    if not skip:
        assert spoken == pytest.approx((clips["u2"].start - begin) / 1e6, abs=0.1)

    def shown(since: float, until: float) -> list[str]:
        """The clips that are shown in a time after the beginning of the second utterance."""
        bright = [value for second, value in pictures if spoken + since <= second < spoken + until]
        return [min(BRIGHT, key=lambda clip: abs(BRIGHT[clip] - value)) for value in bright]

    assert {*shown(-0.6, 0.0)} <= {*IDLE_CLIPS}
    assert {*shown(1.4, 2.0)} == {"listening"}
    assert "release" in shown(2.2, 3.8)  # it is answered at once, without a thought
    assert {*shown(3.8, 6.0)} <= {*IDLE_CLIPS}
