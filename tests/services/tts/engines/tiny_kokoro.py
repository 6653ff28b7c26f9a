"""A model with Kokoro's inputs and outputs that renders each phoneme as 75 ms of a tone, as loud as its id is high."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from services.tts.engines.kokoro import VOICES

HIGHEST_ID = 177
PHONEME_SAMPLES = 1_800


def make(folder: Path, tokens_input: str = "input_ids") -> Path:
    """Write the files of the model; returns the folder. The style of a voice is its index in the list."""
    folder.mkdir(parents=True, exist_ok=True)
    constants: dict[str, npt.NDArray[Any]] = {
        "zero": np.array(0.0, np.float32), "one": np.array(1.0, np.float32),
        "length": np.array(PHONEME_SAMPLES, np.float32),
        "step": np.array(np.pi / 30, np.float32), "most": np.array(4.0 * HIGHEST_ID, np.float32),
        "last": np.array([-1], np.int64), "first": np.array([0], np.int64), "flat": np.array([1, -1], np.int64),
    }  # fmt: skip
    nodes = [
        helper.make_node("Squeeze", ["speed", "first"], ["pace"]),
        helper.make_node("Div", ["length", "pace"], ["samples"]),
        helper.make_node("Range", ["zero", "samples", "one"], ["places"]),
        helper.make_node("Mul", ["places", "step"], ["angles"]),
        helper.make_node("Sin", ["angles"], ["tone"]),
        helper.make_node("Cast", [tokens_input], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["style"], ["highest"], keepdims=0),
        helper.make_node("Add", ["numbers", "highest"], ["levels"]),
        helper.make_node("Div", ["levels", "most"], ["heights"]),
        helper.make_node("Unsqueeze", ["heights", "last"], ["column"]),
        helper.make_node("Mul", ["column", "tone"], ["letters"]),
        helper.make_node("Reshape", ["letters", "flat"], ["waveform"]),
    ]
    graph = helper.make_graph(
        nodes,
        "kokoro",
        [
            helper.make_tensor_value_info(tokens_input, TensorProto.INT64, [1, "letters"]),
            helper.make_tensor_value_info("style", TensorProto.FLOAT, [1, 256]),
            helper.make_tensor_value_info("speed", TensorProto.FLOAT, [1]),
        ],
        [helper.make_tensor_value_info("waveform", TensorProto.FLOAT, [1, "samples"])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, str(folder / "model.onnx"))
    names = list(dict.fromkeys(name for pair in VOICES.values() for name in pair))
    for place, name in enumerate(names):
        np.full((510, 1, 256), place, np.float32).tofile(folder / f"{name}.bin")
    return folder
