"""docs/events.md follows the vocabulary."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from bus import channel_events, events
from visavis.generate.events_page import main, render_page, subject_of


def test_the_page_is_current() -> None:
    assert main(["--check"]) == 0


def test_every_kind_of_event_is_on_the_page_with_its_subject() -> None:
    rows = render_page().splitlines()
    kinds = [*get_args(events.Fact), *get_args(events.Live), *get_args(events.Media), *get_args(events.CharacterFact)]
    kinds += [*get_args(channel_events.LinkFact), *get_args(channel_events.DeliveryFact)]
    for kind in kinds:
        start = f"| `{kind.__struct_config__.tag}` | `{subject_of(kind)}` |"
        assert sum(row.startswith(start) for row in rows) == 1


def test_every_body_is_in_its_union() -> None:
    """A body that is not in its union would be refused by every reader."""
    assert set(events.Body.__subclasses__()) == {*get_args(events.Fact), *get_args(events.CharacterFact)}
    assert set(events.LiveBody.__subclasses__()) == set(get_args(events.Live))
    assert set(channel_events.LinkBody.__subclasses__()) == set(get_args(channel_events.LinkFact))
    assert set(channel_events.DeliveryBody.__subclasses__()) == set(get_args(channel_events.DeliveryFact))


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        (events.TranscriptFinal, "conv.<conversation>.transcript.final"),
        (events.CharacterCreated, "character.<character>.created"),
        (events.CharacterRemoved, "character.<character>.removed"),
        (events.Watching, "live.<conversation>.watching"),
        (events.AudioIn, "audio.<conversation>.in.<utterance>"),
        (events.FrameBatch, "frames.<conversation>.<speech>"),
        (events.IdleBatch, "idle.<character>"),
        (channel_events.Linked, "link.<link>"),
        (channel_events.DeliveryQueued, "delivery.<channel>.<delivery>"),
        (events.DeadLetter, "dead.<stream>.<service>"),
    ],
)
def test_a_subject_has_placeholders(kind: type[events.Body], subject: str) -> None:
    assert subject_of(kind) == subject


def test_fields_have_types_defaults_and_docstrings() -> None:
    assert '`language: str` BCP-47 tag, e.g. "en".' in render_page()
    assert "`frames: Integer = 0` Video frames sent with it." in render_page()
    assert "`turn: TurnId \\| None = null`" in render_page()


def test_a_page_that_is_not_current_is_named_and_rewritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "events.md"
    assert main(["--check"], target=target) == 1
    assert "is not current" in capsys.readouterr().err
    assert (main([], target=target), main(["--check"], target=target)) == (0, 0)
