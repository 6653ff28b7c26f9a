"""Makes an intermediate tensor of an ONNX network one of its outputs, without the package `onnx`."""

from __future__ import annotations

INT64, FLOAT = 7, 1
"""Types of elements, as `TensorProto.DataType` numbers them."""
_MODEL_GRAPH, _GRAPH_OUTPUT, _VALUE_NAME, _VALUE_TYPE, _TYPE_TENSOR, _TENSOR_ELEMENT = 7, 12, 1, 2, 1, 1
"""Field numbers in onnx.proto3."""


def with_output(model: bytes, value: str, element: int) -> bytes:
    """The network with one more output.

    Protocol Buffers merge a message that is given twice, so a second graph that holds nothing but an output adds it to
    the first.

    Args:
        model: a serialised `ModelProto`.
        value: name of the intermediate tensor.
        element: type of its elements.
    """
    tensor = bytes([_TENSOR_ELEMENT << 3, element])
    output = _field(_VALUE_NAME, value.encode()) + _field(_VALUE_TYPE, _field(_TYPE_TENSOR, tensor))
    return model + _field(_MODEL_GRAPH, _field(_GRAPH_OUTPUT, output))


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited field."""
    length, encoded = len(content), bytearray([number << 3 | 2])
    while length > 127:
        encoded.append(length & 127 | 128)
        length >>= 7
    return bytes([*encoded, length]) + content
