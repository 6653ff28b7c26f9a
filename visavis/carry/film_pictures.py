"""The pictures of a film: speeches as they were drawn, and the silent face before, between and after them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from msgspec import Struct
from msgspec.structs import replace

from bus import codec, subjects
from bus.errors import UndecodableEvent
from bus.events import FRAMES_PER_SECOND, Event, FrameBatch, IdleBatch
from bus.ids import seed_of
from services.face_clips import MAIN
from services.face_replay import FRAME, shown_clips
from services.gateway.playing.idle_loops import IdleLoop
from services.h264_levels import IDLE_LOOP_BITRATE
from services.render.encoder import H264Encoder
from visavis.carry.contents import Archive, idle_name
from visavis.carry.film_plan import Plan, Shot

Loop: TypeAlias = tuple[tuple[bytes, bool], ...]
"""Access units of an idle loop, and whether each is a key frame."""
_REMEMBERED = 120_000_000
"""Microseconds after which a fact has no bearing any more on what a face does."""
_NO_FACE_SIDE = 512
_PARAMETER_SETS = (7, 8)
"""Types of the NAL units that say how pictures are coded (ITU-T H.264, 7.4.1)."""


class Shown(Struct, frozen=True):
    """A picture that appears."""

    frame: int
    """Of the film; it stays until the next one."""
    unit: bytes
    """H.264 access unit, Annex B."""
    is_key: bool


class _Unit(NamedTuple):
    """A picture of a speech."""

    place: int
    """In the speech."""
    data: bytes
    is_key: bool
    phase: int
    """Of the idle loop, before the speech."""


class Pictures:
    """The pictures of an archive in the order of a plan.

    Args:
        faces: idle loops of its characters with the clips in which they listen and think; without one the idle loop of
            the archive is shown.
    """

    def __init__(self, archive: Archive, plan: Plan, faces: Mapping[str, IdleLoop] = MappingProxyType({})) -> None:
        self._archive = archive
        self._plan = plan
        self._faces = faces
        self._events = sorted((event for _, _, event in archive.events()), key=_time_of)
        self._loops: dict[tuple[str, str], Loop] = {}
        """By character and clip."""

    def is_uniform(self) -> bool:
        """Whether all pictures can stand in one stream as they are."""
        return len(self._speech_sets() | {_sets_of(self._loop(name)) for name in self._shown_characters()}) <= 1

    def _speech_sets(self) -> set[bytes]:
        return {parameter_sets(next(self._speech(shot.speech)).data) for shot in self._drawn()}

    def first_unit(self) -> bytes:
        """The first picture, with its parameter sets."""
        return next(self.shown()).unit

    def shown(self) -> Iterator[Shown]:
        """All pictures, by frame; the first one is at 0."""
        frame = phase = 0
        shots = self._drawn()
        for number, shot in enumerate(shots):
            yield from self._idle(frame, shot.start, phase, after_speech=number > 0)
            end = min([self._plan.length, *(next_shot.start for next_shot in shots[number + 1 : number + 2])])
            limit = end if shot.most is None else min(end, shot.start + shot.most)
            frame = shot.start
            for unit in self._speech(shot.speech):
                at = shot.start + unit.place
                if at >= limit:
                    break
                yield Shown(at, unit.data, unit.is_key)
                frame, phase = at + 1, unit.phase + unit.place + 2
            if shot.most is not None:
                frame = max(frame, limit)  # one that broke off shows its last picture while its sound goes on
        yield from self._idle(frame, self._plan.length, phase, after_speech=bool(shots))

    def _drawn(self) -> list[Shot]:
        """The shots of which there are pictures."""
        name = self._archive.conversation
        return [
            shot for shot in self._plan.shots if self._archive.media.count(subjects.frames(name, shot.speech))
            and next(self._speech(shot.speech), None) is not None
        ]  # fmt: skip

    def _speech(self, speech: str) -> Iterator[_Unit]:
        """The pictures of a speech; each part of them begins with a key frame, so that one may be missing."""
        expected = 0
        for data in self._archive.media.read(subjects.frames(self._archive.conversation, speech)):
            batch = codec.decode_media(data)
            if not isinstance(batch, FrameBatch) or batch.frame < expected:
                continue  # delivered twice
            expected = batch.frame + len(batch.units)
            for number, unit in enumerate(batch.units):
                yield _Unit(batch.frame + number, unit, number == 0, batch.phase)

    # The silent face

    def _idle(self, start: int, end: int, phase: int, *, after_speech: bool) -> Iterator[Shown]:
        """The face from one frame up to another, as it was then.

        Args:
            phase: of the idle loop at the first of them, which begins on the key frame before.
            after_speech: whether they follow the pictures of a speech.
        """
        while start < end:
            character, until = self._character_at(start)
            begun, moment, cut = self._stretch_at(start)
            stop = min(end, until, cut)
            loop = self._loop(character, MAIN)
            real, half = moment + start - begun, len(loop) // 2
            if not after_speech and start == begun:
                phase = real
            first = real + (phase - real + half) % len(loop) - half
            while not loop[first % len(loop)][1]:
                first -= 1
            frames = range(first, first + stop - start)
            clips = self._clips(character, frames, first - real, after_speech=after_speech)
            for frame, clip in zip(frames, clips, strict=True):
                units = self._loop(character, clip)
                yield Shown(start + frame - first, *units[frame % len(units)])
            start, phase, after_speech = stop, frames.stop, False

    def _clips(self, character: str, frames: range, ahead: int, *, after_speech: bool) -> Iterator[str]:
        """The clip of a face in each frame.

        Args:
            frames: since 1970, by the idle loop that is shown.
            ahead: frames by which that loop is ahead of the time of day.
        """
        face = self._faces.get(character)
        since, until = ((frame - ahead) * FRAME for frame in (frames.start, frames.stop))
        begin = bisect_left(self._events, since - _REMEMBERED, key=_time_of)
        end = bisect_left(self._events, until, key=_time_of)
        told = [replace(event, at=event.at + ahead * FRAME) for event in self._events[begin:end]]
        joins = _stays if face is None else face.joins
        seed = seed_of(self._archive.conversation)
        return shown_clips(told, frames, seed, joins, after_speech=after_speech)

    def _stretch_at(self, frame: int) -> tuple[int, int, int]:
        """The stretch without a cut that a frame lies in: its first frame, which frame since 1970 that is, its end."""
        stretches = self._plan.stretches
        number = max(0, bisect_right(stretches, frame, key=lambda one: one[0]) - 1)
        end = stretches[number + 1][0] if number + 1 < len(stretches) else self._plan.length
        return *stretches[number], max(end, frame + 1)

    def _character_at(self, frame: int) -> tuple[str, int]:
        """Whose idle face is shown at a frame, and up to which."""
        found, until = "", self._plan.length
        for start, character in self._plan.characters:
            if start <= frame or not found:
                found = character
            elif character != found:
                return found, max(start, frame + 1)
        return found, max(until, frame + 1)

    def _shown_characters(self) -> set[str]:
        return {name for _, name in self._plan.characters} or {""}

    def _loop(self, character: str, clip: str = MAIN) -> Loop:
        """Units of a clip of a character; a dark picture where there is none."""
        if (character, clip) not in self._loops:
            loop = self._read_loop(character, clip) or no_face()
            sets = self._speech_sets()
            # Loops are encoded less finely than speeches, and that stands in their parameter sets: encoding one loop
            # again saves encoding the whole film.
            if sets and sets != {_sets_of(loop)} and {_sets_of(again := drawn_again(loop))} == sets:
                loop = again
            self._loops[character, clip] = loop
        return self._loops[character, clip]

    def _read_loop(self, character: str, clip: str) -> Loop:
        if not character:
            return ()
        if (face := self._faces.get(character)) is not None:
            shown = face.clips.get(clip, face)
            return tuple((unit, frame in shown.key_frames) for frame, unit in enumerate(shown.units))
        units: list[tuple[bytes, bool]] = []
        for data in self._archive.media.read(idle_name(character)):
            try:
                batch = codec.decode_media(data)
            except UndecodableEvent:
                continue
            if isinstance(batch, IdleBatch) and batch.units:
                units += [(unit, number == 0) for number, unit in enumerate(batch.units)]
        return tuple(units)


def _stays(clip: str, frame: int) -> bool:
    """Where there is nothing but the idle loop."""
    return clip == MAIN


def _time_of(event: Event) -> int:
    return event.at


def _sets_of(loop: Loop) -> bytes:
    return parameter_sets(loop[0][0])


def drawn_again(loop: Loop) -> Loop:
    """The same loop, encoded as speeches are."""
    decoder = _decoder()
    packets = [av.Packet(unit) for unit, _ in loop]
    frames = [frame for packet in (*packets, None) for frame in decoder.decode(packet)]
    encoder = H264Encoder(decoder.width, decoder.height, FRAMES_PER_SECOND, bitrate=IDLE_LOOP_BITRATE)
    units: list[tuple[bytes, bool]] = []
    for frame, (_, is_key) in zip(frames, loop, strict=False):
        picture = np.asarray(frame.to_ndarray(format="yuv420p"), np.uint8)
        units.append((encoder.encode([picture], key=is_key)[0], is_key))
    return tuple(units)


@cache
def no_face() -> Loop:
    """A dark picture, as a loop of one second."""
    side = _NO_FACE_SIDE
    frame = np.full((side * 3 // 2, side), 128, np.uint8)
    frame[:side] = 32
    units = H264Encoder(side, side, FRAMES_PER_SECOND, bitrate=IDLE_LOOP_BITRATE).encode([frame] * FRAMES_PER_SECOND)
    return tuple((unit, number == 0) for number, unit in enumerate(units))


def parameter_sets(unit: bytes) -> bytes:
    """The sequence and picture parameter sets in an access unit (Annex B)."""
    found = b""
    for nal in unit.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1"):
        if nal and nal[0] & 31 in _PARAMETER_SETS:
            found += b"\0\0\1" + nal.rstrip(b"\0")
    return found


def encoded_again(shown: Iterator[Shown], stream: av.VideoStream) -> Iterator[Shown]:
    """The same pictures in one encoding, all in the size of the stream."""
    encoder = stream.codec_context
    encoder.options = {"preset": "superfast", "crf": "20", "x264-params": "bframes=0"}
    decoder: VideoCodecContext | None = None
    sets = b""
    for one in shown:
        found = parameter_sets(one.unit) if one.is_key else sets
        if decoder is None or found != sets:
            if decoder is not None:
                yield from _encode(encoder, decoder, None)
            decoder, sets = _decoder(), found
        packet = av.Packet(one.unit)
        packet.pts = packet.dts = one.frame
        yield from _encode(encoder, decoder, packet)
    if decoder is not None:
        yield from _encode(encoder, decoder, None)
    for packet in encoder.encode(None):
        yield Shown(int(packet.pts or 0), bytes(packet), packet.is_keyframe)


def _decoder() -> VideoCodecContext:
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.thread_count = 1
    return decoder


def _encode(encoder: VideoCodecContext, decoder: VideoCodecContext, packet: av.Packet[Any] | None) -> Iterator[Shown]:
    for frame in decoder.decode(packet):
        picture = frame.reformat(encoder.width, encoder.height, "yuv420p")
        picture.pts, picture.time_base = frame.pts, encoder.time_base
        for made in encoder.encode(picture):
            yield Shown(int(made.pts or 0), bytes(made), made.is_keyframe)
