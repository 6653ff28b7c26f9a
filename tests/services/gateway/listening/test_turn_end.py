"""The turn end detector: its file, its judgements, and their effect on endpointing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from bus.events import UtteranceEnded
from bus.log.event_log import EventLog
from services.gateway.listening.endpointing import WINDOW, Endpointer
from services.gateway.listening.microphone import Microphone
from services.gateway.listening.turn_end import MAX_SAMPLES, TurnEndDetector
from services.models.catalogue import SMART_TURN
from tests import people, real_models
from tests.services.gateway.listening.test_microphone import SILENCE, SPEECH, Loudness

TONE = (3000 * np.sin(np.arange(MAX_SAMPLES) / 5)).astype(np.int16).tobytes()


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A network whose output is the share of loud steps among the 800: those with a log-mel value over 1."""
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


def test_the_last_eight_seconds_count_and_shorter_sound_is_padded_with_silence(network: Path) -> None:
    detector = TurnEndDetector(network)
    try:
        assert detector.probability(TONE) > 0.99
        assert detector.probability(bytes(len(TONE)) + TONE) > 0.99
        assert detector.probability(TONE[: len(TONE) // 2]) == pytest.approx(0.5, abs=0.01)
        assert detector.judge(TONE).result() == detector.probability(TONE)
    finally:
        detector.close()


@pytest.mark.parametrize(("windows", "silent"), [(20, 30), (220, 10)])
async def test_the_judgement_moves_the_end_of_the_utterance(
    event_log: EventLog, network: Path, windows: int, silent: int
) -> None:
    detector = TurnEndDetector(network)
    microphone = Microphone(event_log, "c", "en", Loudness(), Endpointer(510), detector)
    listening = asyncio.create_task(microphone.run("s"))
    await asyncio.sleep(0)
    try:
        loud = np.frombuffer(TONE, np.int16)[:WINDOW].tobytes()
        assert len(loud) == len(SPEECH)
        microphone.push_pcm(SILENCE * 20 + loud * windows)
        for _ in range(40):
            microphone.push_pcm(SILENCE)
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        detector.close()
    (ended,) = [one.body for _, one in await event_log.facts("c") if isinstance(one.body, UtteranceEnded)]
    assert (ended.samples - ended.speech_ended) // WINDOW == silent


@people.needs_people
@real_models.needs(SMART_TURN)
def test_smart_turn_tells_a_whole_sentence_from_one_that_breaks_off() -> None:
    (name,) = [name for name, text in people.sentences().items() if text.startswith("had he married")]
    sound = people.samples(name)
    start, end = people.speech_span(sound)
    detector = TurnEndDetector(real_models.folder(SMART_TURN) / SMART_TURN.files[0].path)
    try:
        silence = np.zeros(3200, np.int16)
        broken_off = sound[: start + round(0.7 * (end - start))]
        assert detector.judge(np.concatenate([sound[:end], silence]).tobytes()).result() > 0.7
        assert detector.judge(np.concatenate([broken_off, silence]).tobytes()).result() < 0.3
    finally:
        detector.close()
