"""A conversation as an MP4: the face, both voices, captions.

The pictures are copied where all have the same parameter sets, and encoded again where they have not. Everything is
made step by step, so that an hour needs no more memory than a minute.
"""

from __future__ import annotations

import heapq
import io
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import OutputContainer
from av.subtitles.stream import SubtitleStream

from bus.errors import ConfigurationError, InvalidInput
from bus.events import FRAMES_PER_SECOND, OPUS_FRAME, SPEECH_RATE
from services.gateway.playing.idle_loops import IdleLoop
from visavis.carry.captions import Cue, cues, heard_clips
from visavis.carry.contents import Archive
from visavis.carry.film_pictures import Pictures, Shown, encoded_again
from visavis.carry.film_plan import Plan, plan_film
from visavis.carry.film_sound import mixed
from visavis.carry.texts import names_of, timeline_of

_AAC_BITRATE = 96_000
_ASS_HEADER = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,0

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
"""How captions look where a player does not say otherwise; FFmpeg's encoder makes the track's description of it."""
_MILLISECOND = Fraction(1, 1000)
_FRAME = Fraction(1, FRAMES_PER_SECOND)

_LONGEST_CAPTION = 0xFFFF
"""Bytes: its length takes two."""
_Timed: TypeAlias = tuple[float, "av.Packet[Any]"]
"""A packet, and the second at which it is due."""


def write_film(
    archive: Archive, output: Path, *, skip_silences: bool, faces: Mapping[str, IdleLoop] = MappingProxyType({})
) -> None:
    """Write an archive as a film.

    Args:
        faces: see `Pictures`.
        skip_silences: shorten waits to a second; otherwise only those of more than a minute, to a minute.
    Raises:
        ConfigurationError: the file cannot be written.
        InvalidInput: a sound is too long for a film, or the pictures are damaged.
    """
    events = [event for _, _, event in archive.events()]
    clips = heard_clips(timeline_of(archive))
    captions = cues(clips, events, names_of(archive))
    plan = plan_film(clips, captions, events, skip_silences=skip_silences)
    try:
        pictures = Pictures(archive, plan, faces)
        with av.open(output, "w", format="mp4", options={"movflags": "faststart"}) as container:
            _write(container, archive, plan, pictures)
    except OSError as error:
        output.unlink(missing_ok=True)
        raise ConfigurationError(f"{output} cannot be written: {error.strerror}") from error
    except av.error.FFmpegError as error:
        output.unlink(missing_ok=True)
        raise InvalidInput(f"its pictures or sounds make no film: {error.strerror}") from error


def _write(container: OutputContainer, archive: Archive, plan: Plan, pictures: Pictures) -> None:
    if pictures.is_uniform():
        with av.open(io.BytesIO(pictures.first_unit()), "r", format="h264") as one:
            video = container.add_stream_from_template(one.streams.video[0])
        shown: Iterator[Shown] = pictures.shown()
    else:
        with av.open(io.BytesIO(pictures.first_unit()), "r", format="h264") as one:
            width, height = one.streams.video[0].width, one.streams.video[0].height
        video = container.add_stream("libx264", rate=FRAMES_PER_SECOND)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        shown = encoded_again(pictures.shown(), video)
    video.time_base = _FRAME
    audio = container.add_stream("aac", rate=SPEECH_RATE, layout="mono", bit_rate=_AAC_BITRATE)
    subtitles = container.add_stream("mov_text")
    subtitles.codec_context.subtitle_header = _ASS_HEADER
    subtitles.time_base = _MILLISECOND
    subtitles.metadata["language"] = "und"
    container.start_encoding()
    tracks = (
        _video_packets(shown, plan.length, video),
        _audio_packets(mixed(archive, plan), audio),
        _caption_packets(plan.cues, subtitles),
    )
    # By time, so that a player finds sound and pictures side by side.
    for _, packet in heapq.merge(*tracks, key=lambda timed: timed[0]):
        container.mux(packet)


def _video_packets(shown: Iterator[Shown], length: int, stream: av.VideoStream) -> Iterator[_Timed]:
    """Packets of pictures, each of which stays until the next one."""
    before: Shown | None = next(shown, None)
    while before is not None:
        after = next(shown, None)
        packet = av.Packet(before.unit)
        packet.stream = stream
        packet.time_base = _FRAME
        packet.pts = packet.dts = before.frame
        packet.duration = (length if after is None else after.frame) - before.frame
        packet.is_keyframe = before.is_key
        yield before.frame / FRAMES_PER_SECOND, packet
        before = after


def _audio_packets(blocks: Iterator[np.ndarray], stream: av.AudioStream) -> Iterator[_Timed]:
    for number, block in enumerate(blocks):
        frame = AudioFrame.from_ndarray(block.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SPEECH_RATE, number * OPUS_FRAME, Fraction(1, SPEECH_RATE)
        for packet in stream.encode(frame):
            yield _second(packet), packet
    for packet in stream.encode(None):
        yield _second(packet), packet


def _second(packet: av.Packet[Any]) -> float:
    return float((packet.pts or 0) * packet.time_base)


def _caption_packets(captions: tuple[Cue, ...], stream: SubtitleStream) -> Iterator[_Timed]:
    """Timed text (3GPP TS 26.245): each packet is a length and UTF-8."""
    for cue in captions:
        text = cue.text.encode()[:_LONGEST_CAPTION].decode(errors="ignore").encode()
        packet = av.Packet(len(text).to_bytes(2, "big") + text)
        packet.stream = stream
        packet.time_base = _MILLISECOND
        packet.pts = packet.dts = cue.start // 1000
        packet.duration = cue.end // 1000 - cue.start // 1000
        if packet.duration:
            yield cue.start / 1_000_000, packet
