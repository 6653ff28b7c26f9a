"""A conversation as text: WebVTT with who says what and when, Markdown to read, JSON lines of its facts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from bus.errors import ConfigurationError
from projections.conversation import Conversation, Turn, fold_all, joined_text
from projections.replay.build import build_timeline
from projections.replay.timeline import Timeline
from visavis.carry import facts_file
from visavis.carry.captions import PERSON, Cue, cues, heard_clips, webvtt
from visavis.carry.contents import Archive


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
                    file.write(webvtt(captions_of(archive)).encode())
                case "md":
                    file.write(markdown(archive).encode())
    except OSError as error:
        raise ConfigurationError(f"{output} cannot be written: {error.strerror}") from error


def captions_of(archive: Archive) -> list[Cue]:
    """The captions of a conversation, from its beginning on."""
    timeline = timeline_of(archive)
    found = cues(heard_clips(timeline), [event for _, _, event in archive.events()], names_of(archive))
    return [cue._replace(start=cue.start - timeline.start, end=cue.end - timeline.start) for cue in found]


def names_of(archive: Archive) -> dict[str, str]:
    """Names of the characters by id."""
    return {id_: _one_line(created.name) for id_, created in archive.characters.items()}


# Markdown


def markdown(archive: Archive) -> str:
    """The conversation to read: who said what, and when, in UTC."""
    conversation, names = fold_of(archive), names_of(archive)
    lines = [f"# {_one_line(conversation.title) or conversation.id}", ""]
    if conversation.turns:
        lines += [f"{_day(conversation.turns[0].at)} UTC, conversation `{conversation.id}`", ""]
    for turn in conversation.turns:
        lines += _turn(turn, names)
    return "\n".join(lines).rstrip() + "\n"


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
