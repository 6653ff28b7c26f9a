"""Writes a tiny language model of random weights in the file format of llama.cpp: for tests of what runs one."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_U32, _I32, _F32, _STRING, _ARRAY = 4, 5, 6, 8, 9
_ALIGNMENT = 32
_WIDTH, _HIDDEN, _HEADS, _CONTEXT = 32, 64, 2, 4096
_TOKENS = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
_UNKNOWN, _CONTROL, _BYTE = 2, 3, 6


def write_tiny_model(path: Path, *, name: str = "tiny") -> Path:
    """Write a Llama of one layer whose tokens are bytes, some 100 KB; it answers any prompt with noise."""
    random = np.random.default_rng(1)

    def weights(*shape: int) -> NDArray[np.float32]:
        return random.standard_normal(shape, np.float32) / np.float32(np.sqrt(_WIDTH))

    norm = np.ones(_WIDTH, np.float32)
    tensors = {
        "token_embd.weight": weights(len(_TOKENS), _WIDTH),
        "output.weight": weights(len(_TOKENS), _WIDTH),
        "output_norm.weight": norm,
        "blk.0.attn_norm.weight": norm,
        "blk.0.ffn_norm.weight": norm,
        **{f"blk.0.attn_{part}.weight": weights(_WIDTH, _WIDTH) for part in ("q", "k", "v", "output")},
        "blk.0.ffn_gate.weight": weights(_HIDDEN, _WIDTH),
        "blk.0.ffn_up.weight": weights(_HIDDEN, _WIDTH),
        "blk.0.ffn_down.weight": weights(_WIDTH, _HIDDEN),
    }
    kinds = [_UNKNOWN, _CONTROL, _CONTROL, *[_BYTE] * 256]
    metadata = [
        _string("general.architecture", "llama"),
        _string("general.name", name),
        _number("llama.context_length", _CONTEXT),
        _number("llama.embedding_length", _WIDTH),
        _number("llama.block_count", 1),
        _number("llama.feed_forward_length", _HIDDEN),
        _number("llama.attention.head_count", _HEADS),
        _key("llama.attention.layer_norm_rms_epsilon") + struct.pack("<If", _F32, 1e-5),
        _string("tokenizer.ggml.model", "llama"),
        _array("tokenizer.ggml.tokens", _STRING, b"".join(map(_text, _TOKENS))),
        _array("tokenizer.ggml.scores", _F32, np.zeros(len(_TOKENS), np.float32).tobytes()),
        _array("tokenizer.ggml.token_type", _I32, np.array(kinds, np.int32).tobytes()),
        _number("tokenizer.ggml.bos_token_id", 1),
        _number("tokenizer.ggml.eos_token_id", 2),
        _number("tokenizer.ggml.unknown_token_id", 0),
    ]
    infos, data = b"", b""
    for tensor, values in tensors.items():
        shape = values.shape[::-1]
        infos += _text(tensor) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, len(data))
        data += values.tobytes()
        data += bytes(-len(data) % _ALIGNMENT)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata)) + b"".join(metadata) + infos
    path.write_bytes(head + bytes(-len(head) % _ALIGNMENT) + data)
    return path


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _key(name: str) -> bytes:
    return _text(name)


def _string(key: str, value: str) -> bytes:
    return _key(key) + struct.pack("<I", _STRING) + _text(value)


def _number(key: str, value: int) -> bytes:
    return _key(key) + struct.pack("<II", _U32, value)


def _array(key: str, kind: int, values: bytes) -> bytes:
    return _key(key) + struct.pack("<IIQ", _ARRAY, kind, len(_TOKENS)) + values
