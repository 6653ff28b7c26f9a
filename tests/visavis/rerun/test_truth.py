"""People say what was really said; recognisers are measured by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bus.errors import InvalidInput, NotFound
from bus.events import TranscriptCorrected
from bus.log.event_log import EventLog
from bus.settings import Settings
from tests.visavis.rerun.recorded import Recorder, silence
from visavis.rerun.truth import truth, understood


async def corrections(event_log: EventLog) -> list[tuple[str, str]]:
    bodies = (event.body for _, event in await event_log.facts("c"))
    return [(one.utterance, one.text) for one in bodies if isinstance(one, TranscriptCorrected)]


async def test_words_are_corrected_one_by_one_and_in_a_file(
    event_log: EventLog, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorder = Recorder("c")
    first = recorder.say(silence(0.1), "hello word", ("Hello.",))
    second = recorder.say(silence(0.1), None)
    await recorder.publish(event_log)

    async def run(utterance: str | None = None, text: str | None = None, file: Path | None = None) -> str:
        assert await truth(settings, "c", utterance=utterance, text=text, file=file) == 0
        return capsys.readouterr().out

    assert await run() == f"{first}  0.90  hello word\n{second}        (no words)\n"

    # Saying it twice adds nothing; a later correction replaces; empty: nothing was said.
    assert await run(first, " hello  world ") == "1 corrected\n"
    assert await run(first, "hello world") == "nothing to change: that is known already\n"
    await run(first, "hello there")
    await run(first, "hello world")
    await run(second, "")
    assert await corrections(event_log) == [
        (first, "hello world"), (first, "hello there"), (first, "hello world"), (second, ""),
    ]  # fmt: skip
    assert [one.truth for one in understood(await event_log.facts("c"))] == ["hello world", ""]
    assert f"{second}        (no words)\n{'':{len(second)}}  truth (nothing)\n" in await run()

    # A file is written first, and read where it is there.
    file = tmp_path / "words.txt"
    assert "2 utterances" in await run(file=file)
    assert await run(file=file) == "nothing to change: that is known already\n"
    text = file.read_text()
    assert text.splitlines()[2:] == [f"{first}\thello world", f"{second}\t(nothing)"]
    file.write_text(text.replace("(nothing)", "mhm").replace("hello world", "(nothing)"))
    assert await run(file=file) == "2 corrected\n"
    assert (await corrections(event_log))[4:] == [(first, ""), (second, "mhm")]

    # One wrong line, and nothing is written.
    for line, why in (
        ("u-other\thello", "line 4: there is no utterance u-other"),
        ("hello", "line 4: expected an utterance's id"),
        (f"{first}\tyes", f"line 4: the utterance {first} is listed twice"),
    ):
        file.write_text(f"# words\n\n{first}\tyes\n{line}\n")
        with pytest.raises(InvalidInput, match=why):
            await run(file=file)
    with pytest.raises(NotFound, match="no utterance u9"):
        await run("u9", "hello")
    with pytest.raises(NotFound, match="there is no conversation"):
        await truth(settings, "other", utterance=None, text=None, file=None)
    assert len(await corrections(event_log)) == 6
