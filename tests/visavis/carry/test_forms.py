"""The shipped example in every form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from bus.errors import InvalidInput
from bus.events import CharacterCreated
from bus.settings import Settings
from projections.replay.build import build_timeline
from tests.visavis.carry.test_film import decoded
from visavis.__main__ import main
from visavis.carry.archive import Archive, load
from visavis.carry.captions import LONGEST_CUE, Cue, cues, heard_clips, webvtt
from visavis.carry.exporting import export, form_of
from visavis.carry.film_plan import joined_cues, plan_film
from visavis.carry.texts import names_of

EXAMPLE = Path(__file__).parents[3] / "examples" / "first-conversation.visavis"


@pytest.fixture(scope="module")
def example() -> Iterator[Archive]:
    with load(EXAMPLE) as archive:
        yield archive


def test_a_film_of_it_has_both_voices_the_face_and_captions(example: Archive, tmp_path: Path) -> None:
    assert main(["export", str(EXAMPLE), "-o", str(tmp_path / "a.mp4"), "--skip-silences"]) == 0
    sound, pictures, captions = decoded(tmp_path / "a.mp4")
    assert len(sound) / 48_000 == pytest.approx(len(pictures) / 25, abs=0.05)
    texts = "\n".join(text for _, _, text in captions)
    clips = heard_clips(build_timeline(example.conversation, ((seq, event) for seq, _, event in example.events())))
    assert clips
    for clip in clips:
        assert clip.text[:20] in texts
    # In the wait before the first sound it is quiet, and while each sound lasts it is not.
    assert abs(sound[: 48_000 // 4]).max() < 50 < abs(sound[24_000:72_000]).max()


def test_the_texts_of_it_tell_who_said_what(example: Archive, tmp_path: Path) -> None:
    for form in ("md", "vtt", "jsonl"):
        assert main(["export", str(EXAMPLE), "-o", str(tmp_path / "a"), "--format", form]) == 0
        text = (tmp_path / "a").read_text()
        assert text.endswith("\n")
        (tmp_path / f"a.{form}").write_text(text)
    markdown = (tmp_path / "a.md").read_text()
    assert "**You** (17:15:07): what time is it\n" in markdown
    assert "*interrupted; heard: I have no past,*" in markdown
    assert "**Milo**: " in markdown
    captions = (tmp_path / "a.vtt").read_text()
    assert captions.startswith("WEBVTT\n\n00:")
    assert "<v Ada>" in captions
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [line["seq"] for line in lines] == [fact.seq for fact in example.facts]
    assert lines[0]["event"]["body"]["person"].startswith("person-")


def test_captions_of_two_at_a_time_stand_in_one() -> None:
    captions = [Cue(0, 5_000_000, "Ada", "A <long> tale."), Cue(3_000_000, 6_000_000, "You", "Stop!")]
    assert joined_cues(captions) == [
        Cue(0, 3_000_000, "", "Ada: A <long> tale."),
        Cue(3_000_000, 5_000_000, "", "Ada: A <long> tale.\nYou: Stop!"),
        Cue(5_000_000, 6_000_000, "", "You: Stop!"),
    ]
    assert "00:00:00.000 --> 00:00:05.000\n<v Ada>A &lt;long&gt; tale.</v>\n" in webvtt(captions)


def test_captions_hold_whatever_was_said_and_whoever_said_it(example: Archive) -> None:
    clip = heard_clips(build_timeline(example.conversation, [(seq, event) for seq, _, event in example.events()]))[0]
    found = cues([msgspec.structs.replace(clip, text=(said := "".join(map(str, range(20_000)))))], [], {})
    assert max(len(cue.text) for cue in found) == LONGEST_CUE
    assert "".join(cue.text for cue in found) == said
    assert len(joined_cues(found)) == len(found)
    with pytest.raises(InvalidInput, match="is said to last"):
        plan_film([msgspec.structs.replace(clip, samples=1 << 53)], [], [], skip_silences=False)
    created = [
        msgspec.structs.replace(
            event, body=msgspec.structs.replace(event.body, name="A\n\n00:00:00.000 --> 00:09:00.000\nB")
        )
        for event in example.character_facts
        if isinstance(event.body, CharacterCreated)
    ]
    assert set(names_of(Archive("c", character_facts=created)).values()) == {"A 00:00:00.000 --> 00:09:00.000 B"}


async def test_wrong_requests_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidInput, match="does not tell the form"):
        form_of(Path("a.avi"), None)
    assert form_of(Path("a.MP4"), None) == "mp4"
    assert form_of(Path("a.mp4"), "vtt") == "vtt"
    missing = str(tmp_path / "missing.visavis")
    with pytest.raises(Exception, match=r"missing\.visavis cannot be read"):
        await export(Settings(), missing, tmp_path / "a.md", form="md", redact=False, skip_silences=False)
    for output in (tmp_path / "no" / "a.md", tmp_path / "no" / "a.mp4", tmp_path / "no" / "a.visavis"):
        with pytest.raises(Exception, match="cannot be written"):
            await export(Settings(), str(EXAMPLE), output, form=form_of(output, None), redact=True, skip_silences=True)
    assert capsys.readouterr().out == ""
