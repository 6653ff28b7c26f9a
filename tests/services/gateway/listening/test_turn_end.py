"""A network's judgement of whether somebody is done: loaded, asked once for each silence, and heeded."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from bus.errors import ConfigurationError
from bus.events import UtteranceEnded
from bus.log.event_log import EventLog
from bus.settings import Settings
from services.gateway.listening import turn_end
from services.gateway.listening.endpointing import WINDOW, Endpointer
from services.gateway.listening.microphone import Microphone
from services.gateway.listening.turn_end import FILE, HEARD, SURE, TurnEndDetector, load_turn_end_detector, missing
from tests.services.gateway.listening.test_microphone import SILENCE, SPEECH, Loudness

TONE = (3000 * np.sin(np.arange(HEARD) / 5)).astype(np.int16).tobytes()


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """Says what share of the 800 steps is loud: log-mel values over 1, the mean of which is the answer."""
    nodes = [
        helper.make_node("ReduceMax", ["input_features"], ["loudest"], axes=[1], keepdims=0),
        helper.make_node("Greater", ["loudest", "middle"], ["loud"]),
        helper.make_node("Cast", ["loud"], ["counted"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["counted"], ["output"], axes=[1], keepdims=1),
    ]
    middle = helper.make_tensor("middle", TensorProto.FLOAT, [], [1.0])
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("input_features", TensorProto.FLOAT, ["s", 80, 800])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["s", 1])],
        [middle],
    )
    path = tmp_path / "tiny.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=9), path)
    return path


def test_it_hears_the_last_eight_seconds_with_silence_before_what_is_shorter(network: Path) -> None:
    judge = TurnEndDetector(network)
    try:
        assert judge.probability(TONE) > 0.99
        assert judge.probability(bytes(len(TONE)) + TONE) > 0.99
        assert judge.probability(TONE[: len(TONE) // 2]) == pytest.approx(0.5, abs=0.01)
        assert judge.ask(TONE).result() == "complete"
        assert judge.ask(TONE[: len(TONE) // 2]).result() == "open"
        assert judge.ask(TONE[: int(len(TONE) * (0.9 - SURE)) & ~1]).result() == "unfinished"
    finally:
        judge.close()


@pytest.mark.parametrize(("windows", "silent"), [(20, 30), (220, 10)])
async def test_how_a_phrase_sounds_moves_its_end(event_log: EventLog, network: Path, windows: int, silent: int) -> None:
    judge = TurnEndDetector(network)
    microphone = Microphone(event_log, "c", "en", Loudness(), Endpointer(510), judge)
    listening = asyncio.create_task(microphone.run("s"))
    await asyncio.sleep(0)
    try:
        loud = np.frombuffer(TONE, np.int16)[:WINDOW].tobytes()
        assert len(loud) == len(SPEECH)
        microphone.take_pcm(SILENCE * 20 + loud * windows)
        for _ in range(40):
            microphone.take_pcm(SILENCE)
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        judge.close()
    (ended,) = [one.body for _, one in await event_log.facts("c") if isinstance(one.body, UtteranceEnded)]
    assert (ended.samples - ended.speech_ended) // WINDOW == silent


def test_without_its_file_nobody_judges(tmp_path: Path) -> None:
    settings = Settings(models=str(tmp_path))
    assert load_turn_end_detector(settings) is None
    assert f"{FILE.name} is not in" in str(missing(tmp_path / "turn"))


def test_another_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "turn").mkdir()
    (tmp_path / "turn" / FILE.name).write_bytes(bytes(FILE.bytes))
    with pytest.raises(ConfigurationError, match="is not the published file"):
        load_turn_end_detector(Settings(models=str(tmp_path)))
    assert load_turn_end_detector(Settings(models=str(tmp_path), turn_model="off")) is None


def test_where_it_cannot_be_fetched_the_command_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    assert turn_end.main([str(tmp_path / "file" / "turn")]) == 1
    assert "error: " in capsys.readouterr().err
