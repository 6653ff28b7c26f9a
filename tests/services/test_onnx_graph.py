"""An inner value of a network becomes an output."""

from __future__ import annotations

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

from services.onnx_graph import FLOAT, with_output


def test_an_inner_value_is_given_out_and_the_others_stay() -> None:
    nodes = [
        helper.make_node("Add", ["x", "x"], ["twice"]),
        helper.make_node("Mul", ["twice", "twice"], ["y"], name="n" * 300),  # longer than one byte of length
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "g", [value("x", TensorProto.FLOAT, [2])], [value("y", TensorProto.FLOAT, [2])]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=9)
    content = with_output(model.SerializeToString(), "twice", FLOAT)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    y, twice = session.run(None, {"x": np.array([1, 2], np.float32)})
    assert (y.tolist(), twice.tolist()) == ([4, 16], [2, 4])
