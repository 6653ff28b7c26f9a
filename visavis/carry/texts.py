"""A conversation as text: WebVTT with who says what and when, Markdown to read, JSON lines of its facts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from bus.errors import ConfigurationError
from bus.events import MICROPHONE_RATE, SPEECH_RATE, MessageReceived
from projections.conversation import Conversation, Turn, fold_all, joined_text
from projections.replay.build import build_timeline
from projections.replay.timeline import Clip, Timeline
from visavis.carry import facts_file
from visavis.carry.contents import Archive

PERSON = "You"
"""How the person is called."""
LONGEST_CUE = 84
"""Characters of one caption: two lines of 42, as broadcasters have it."""


_READING = 3_000_000
"""Microseconds for which a written message is shown."""


def timeline_of(archive: Archive) -> Timeline:
    """When everything in an archive took place."""
    return build_timeline(archive.conversation, ((seq, event) for seq, _, event in archive.events()))


def fold_of(archive: Archive) -> Conversation:
    """The conversation of an archive."""
    return fold_all(Conversation(id=archive.conversation), ((seq, event) for seq, _, event in archive.events()))


def write_text(archive: Archive, output: Path, form: Literal["vtt", "md", "jsonl"]) -> None:
    """Write an archive as text.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    try:
        with output.open("wb") as file:
            match form:
                case "jsonl":
                    file.writelines(facts_file.lines(archive.facts))
                case "vtt":
                    file.write(webvtt(cues(archive, timeline_of(archive))).encode())
                case "md":
                    file.write(markdown(archive).encode())
    except OSError as error:
        raise ConfigurationError(f"{output} cannot be written: {error.strerror}") from error


def names_of(archive: Archive) -> dict[str, str]:
    """Names of the characters by id."""
    return {id_: created.name for id_, created in archive.characters.items()}


# Captions


class Cue(NamedTuple):
    """A caption."""

    start: int
    """Microseconds from the beginning."""
    end: int
    who: str
    text: str


def length_of(clip: Clip) -> int:
    """Microseconds."""
    rate = MICROPHONE_RATE if clip.kind == "person" else SPEECH_RATE
    return clip.samples * 1_000_000 // rate


def cues(archive: Archive, timeline: Timeline) -> list[Cue]:
    """Captions of all sounds, long ones in parts that share its time by their length; and of what the person wrote."""
    names = names_of(archive)
    found: list[Cue] = []
    for clip in timeline.clips:
        who = PERSON if clip.kind == "person" else names.get(clip.character or "", clip.character or "")
        found += _parts(clip.start - timeline.start, length_of(clip), who, clip.text)
    for _, _, event in archive.events():
        if isinstance(event.body, MessageReceived):
            found += _parts(event.at - timeline.start, _READING, PERSON, event.body.text)
    return sorted(found, key=lambda cue: (cue.start, cue.end))


def _parts(start: int, length: int, who: str, text: str) -> Iterator[Cue]:
    parts = _split(text)
    total, done = sum(map(len, parts)), 0
    for part in parts:
        end = done + len(part)
        yield Cue(start + length * done // total, start + length * end // total, who, part)
        done = end


def _split(text: str) -> list[str]:
    """A text in parts of at most `LONGEST_CUE` characters, whole words where that is possible."""
    parts: list[str] = []
    for word in text.split():
        if parts and len(parts[-1]) + 1 + len(word) <= LONGEST_CUE:
            parts[-1] += f" {word}"
        else:
            parts.append(word)
    return parts


def webvtt(captions: list[Cue]) -> str:
    """A WebVTT file (W3C), with the speaker of each cue as its voice."""
    lines = ["WEBVTT", ""]
    for cue in captions:
        if cue.end // 1000 > cue.start // 1000:
            lines += [f"{_clock(cue.start)} --> {_clock(cue.end)}", f"<v {_escaped(cue.who)}>{_escaped(cue.text)}</v>"]
            lines.append("")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(microseconds: int) -> str:
    milliseconds = max(0, microseconds) // 1000
    seconds, milliseconds = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{milliseconds:03}"


# Markdown


def markdown(archive: Archive) -> str:
    """The conversation to read: who said what, and when, in UTC."""
    conversation, names = fold_of(archive), names_of(archive)
    lines = [f"# {_one_line(conversation.title) or conversation.id}", ""]
    if conversation.turns:
        lines += [f"{_day(conversation.turns[0].at)} UTC, conversation `{conversation.id}`", ""]
    for turn in conversation.turns:
        lines += _turn(turn, names)
    return "\n".join(lines)


def _turn(turn: Turn, names: dict[str, str]) -> Iterator[str]:
    when = f"{datetime.fromtimestamp(turn.at / 1_000_000, UTC):%H:%M:%S}"
    if turn.person is not None and turn.person.text:
        channel = "" if turn.person.channel == "web" else f", {turn.person.channel}"
        yield f"**{PERSON}** ({when}{channel}): {_one_line(turn.person.text)}"
        yield ""
    if turn.reply is None:
        return
    text = joined_text((sentence, sentence.text) for sentence in turn.reply.sentences)
    name = names.get(turn.reply.character, turn.reply.character)
    if text:
        yield f"**{_one_line(name)}**: {text}"
        yield ""
    if turn.reply.state == "interrupted":
        yield f"*interrupted; heard: {_one_line(turn.reply.heard or '') or 'nothing'}*"
        yield ""
    if turn.reply.error:
        yield f"*failed: {_one_line(turn.reply.error)}*"
        yield ""


def _day(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1_000_000, UTC):%Y-%m-%d %H:%M:%S}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
