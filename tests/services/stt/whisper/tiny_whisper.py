"""Small Whisper models for tests: one with random weights, and one whose weights were worked out by hand.

The second one counts: it generates "one two three …", a word for each 0.4 s of speech in the window, through the real
spectrogram, convolutions, attention and decoding. It recognises silence, and each word attends to its own 0.4 s.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from services import torch_audio

Weights = Mapping[str, npt.NDArray[np.float32]]
"""By name, as in `transformers`."""

MELS, POSITIONS, LENGTH = 80, 1500, 448


@dataclass(frozen=True)
class Size:
    width: int
    heads: int
    layers: int
    """Of the encoder and the decoder each."""
    unused_tokens: int = 0


WIDTH, HEADS = 64, 2
NANO = Size(WIDTH, HEADS, 1)
SIZES = {
    "tiny": Size(384, 6, 4, 49_900), "base": Size(512, 8, 6, 49_900), "small": Size(768, 12, 12, 49_900),
}  # fmt: skip
"""The real sizes with their number of tokens: to measure cost, not accuracy."""
NUMBERS = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen",
)  # fmt: skip
SECONDS_A_WORD = 0.4
LANGUAGES = ("en", "de", "fr")
_CONTROL = ["translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps"]
# Dimensions of the counting model; dimensions 0 to 16 encode the number of words generated.
_START, _VOICE, _CONSTANT, _BALANCE = 30, 40, 41, 42
_STATE, _PICK, _SLOPE = 6.0, 3.0, 20.0


@functools.cache
def tokenizer(unused_tokens: int = 0) -> Tokenizer:
    """Byte-level BPE with one token for each number."""
    vocabulary = {character: place for place, character in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    merges: list[tuple[str, str]] = []
    for number in NUMBERS:
        for end in range(len(number)):
            grown = "Ġ" + number[: end + 1]
            if grown not in vocabulary:
                vocabulary[grown] = len(vocabulary)
                merges.append(("Ġ" + number[:end], number[end]))
    vocabulary |= {f"Ġ<{place}>": len(vocabulary) + place for place in range(unused_tokens)}
    vocabulary[""] = len(vocabulary)  # by this token CTranslate2 recognises a multilingual model
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    names = ["endoftext", "startoftranscript", *LANGUAGES, *_CONTROL]
    made.add_special_tokens([AddedToken(f"<|{name}|>", special=True, normalized=False) for name in names])
    made.add_tokens([AddedToken(f"<|{place * 0.02:.2f}|>", normalized=False) for place in range(1501)])
    return made


def _zeros(size: Size = NANO) -> dict[str, npt.NDArray[np.float32]]:
    width, tokens = size.width, tokenizer(size.unused_tokens).get_vocab_size()
    shapes: dict[str, tuple[int, ...]] = {
        "model.encoder.conv1.weight": (width, MELS, 3),
        "model.encoder.conv1.bias": (width,),
        "model.encoder.conv2.weight": (width, width, 3),
        "model.encoder.conv2.bias": (width,),
        "model.encoder.embed_positions.weight": (POSITIONS, width),
        "model.decoder.embed_tokens.weight": (tokens, width),
        "model.decoder.embed_positions.weight": (LENGTH, width),
        "proj_out.weight": (tokens, width),
    }
    norms = ["model.encoder.layer_norm", "model.decoder.layer_norm"]
    layers = [
        (f"model.{part}.layers.{place}", attentions)
        for part, attentions in (("encoder", ["self_attn"]), ("decoder", ["self_attn", "encoder_attn"]))
        for place in range(size.layers)
    ]
    for layer, attentions in layers:
        norms += [f"{layer}.final_layer_norm", *(f"{layer}.{attention}_layer_norm" for attention in attentions)]
        for attention in attentions:
            for projection in ("q_proj", "k_proj", "v_proj", "out_proj"):
                shapes[f"{layer}.{attention}.{projection}.weight"] = (width, width)
                if projection != "k_proj":
                    shapes[f"{layer}.{attention}.{projection}.bias"] = (width,)
        shapes |= {f"{layer}.fc1.weight": (4 * width, width), f"{layer}.fc1.bias": (4 * width,)}
        shapes |= {f"{layer}.fc2.weight": (width, 4 * width), f"{layer}.fc2.bias": (width,)}
    weights = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    for norm in norms:
        weights |= {f"{norm}.weight": np.ones(width, np.float32), f"{norm}.bias": np.zeros(width, np.float32)}
    return weights


def random_weights(seed: int = 0, size: Size = NANO) -> Weights:
    generator = np.random.default_rng(seed)
    weights = _zeros(size)
    scale = 0.8 / size.width**0.5
    for name, array in weights.items():
        if "layer_norm" not in name:
            array += scale * generator.standard_normal(array.shape).astype(np.float32)
    return weights


def counting_weights() -> Weights:
    weights = _zeros()
    _set_encoder(weights)
    _set_attention(weights)
    _set_output(weights)
    return weights


def _set_encoder(weights: dict[str, npt.NDArray[np.float32]]) -> None:
    """The encoder: voice activity and the index of the 0.4 s interval at each position."""
    steep = 40.0
    # A step made of two ramps: 1 where the mean of the spectrogram is over -0.25, which only speech reaches.
    for channel, bias in ((0, 11.0), (1, 10.0)):
        weights["model.encoder.conv1.weight"][channel, :, 1] = steep / MELS
        weights["model.encoder.conv1.bias"][channel] = bias
    weights["model.encoder.conv2.weight"][_VOICE, 0, 1] = 4.0
    weights["model.encoder.conv2.weight"][_VOICE, 1, 1] = -4.0
    positions = weights["model.encoder.embed_positions.weight"]
    positions[:, _CONSTANT] = 8.0
    for position in range(POSITIONS):
        positions[position, min(int(position / 50 / SECONDS_A_WORD), len(NUMBERS))] = 8.0


def _set_attention(weights: dict[str, npt.NDArray[np.float32]]) -> None:
    """The decoder's cross-attention: one head averages voice activity, the other attends to the word's interval."""
    attention = "model.decoder.layers.0.encoder_attn"
    half = WIDTH // HEADS
    weights[f"{attention}.v_proj.weight"][0, _VOICE] = 1.0
    for slot in range(len(NUMBERS)):
        weights[f"{attention}.q_proj.weight"][half + slot, slot] = 1.5
        weights[f"{attention}.k_proj.weight"][half + slot, slot] = 1.5
    # The values of voice and of none after the encoder's normalisation, so that the sum is seconds of speech.
    none, voice = _normalised(0.0), _normalised(4.0)
    # The negated copy keeps the mean at zero for the normalisation that follows.
    for place, sign in ((_VOICE, 1), (_BALANCE, -1)):
        weights[f"{attention}.out_proj.weight"][place, 0] = sign * 30 / (voice - none)
        weights[f"{attention}.out_proj.bias"][place] = -sign * 30 * none / (voice - none)


def _normalised(voice: float) -> float:
    row = np.zeros(WIDTH)
    row[[_CONSTANT, 0]], row[_VOICE] = 8.0, voice
    return float((row[_VOICE] - row.mean()) / row.std())


def _set_output(weights: dict[str, npt.NDArray[np.float32]]) -> None:
    """The output layer: after n words the next one if there is more speech than n words need, else the end token."""
    made = tokenizer()
    token_id = made.token_to_id
    embeddings, output = weights["model.decoder.embed_tokens.weight"], weights["proj_out.weight"]
    embeddings[:, _CONSTANT] = -_STATE
    words = [token_id("Ġ" + number) for number in NUMBERS]
    for state, token in enumerate([token_id("<|notimestamps|>"), *words]):
        embeddings[token, state] = _STATE
    for state, token in enumerate(words):
        output[token, state] = _PICK
        output[token, _VOICE] = _SLOPE
        output[token_id("<|endoftext|>"), state] = _PICK + _SLOPE * SECONDS_A_WORD * (state + 0.5) / _STATE
    output[token_id("<|endoftext|>"), len(words)] = 40.0
    embeddings[token_id("<|startoftranscript|>"), _START] = _STATE
    for token, weight, slope in (("en", _PICK, 10.0), ("de", _PICK - 0.5, 10.0), ("nospeech", _PICK + 0.5, 0.0)):
        output[token_id(f"<|{token}|>"), _START] = weight
        output[token_id(f"<|{token}|>"), _VOICE] = slope


def write_ctranslate2(folder: Path, weights: Weights, size: Size = NANO) -> Path:
    """Write a model in faster-whisper's format."""
    from ctranslate2.specs import WhisperSpec

    spec = WhisperSpec(size.layers, size.heads, size.layers, size.heads)

    def norm(target: Any, name: str) -> None:
        target.gamma, target.beta = weights[f"{name}.weight"], weights[f"{name}.bias"]

    def linear(target: Any, *names: str) -> None:
        target.weight = np.concatenate([weights[f"{name}.weight"] for name in names])
        none = np.zeros(size.width, np.float32)
        target.bias = np.concatenate([weights.get(f"{name}.bias", none) for name in names])

    def attention(target: Any, name: str, *, itself: bool) -> None:
        norm(target.layer_norm, f"{name}_layer_norm")
        q, k, v, out = (f"{name}.{projection}_proj" for projection in ("q", "k", "v", "out"))
        for place, names in enumerate(([q, k, v], [out]) if itself else ([q], [k, v], [out])):
            linear(target.linear[place], *names)

    def feed_forward(target: Any, layer: str) -> None:
        norm(target.layer_norm, f"{layer}.final_layer_norm")
        linear(target.linear_0, f"{layer}.fc1")
        linear(target.linear_1, f"{layer}.fc2")

    for part, target in (("encoder", spec.encoder), ("decoder", spec.decoder)):
        target.position_encodings.encodings = weights[f"model.{part}.embed_positions.weight"]
        norm(target.layer_norm, f"model.{part}.layer_norm")
        for place, part_layer in enumerate(target.layer):
            layer = f"model.{part}.layers.{place}"
            attention(part_layer.self_attention, f"{layer}.self_attn", itself=True)
            feed_forward(part_layer.ffn, layer)
    for conv in ("conv1", "conv2"):
        target = getattr(spec.encoder, conv)
        target.weight, target.bias = weights[f"model.encoder.{conv}.weight"], weights[f"model.encoder.{conv}.bias"]
    for place, decoder_layer in enumerate(spec.decoder.layer):
        attention(decoder_layer.attention, f"model.decoder.layers.{place}.encoder_attn", itself=False)
    spec.decoder.embeddings.weight = weights["model.decoder.embed_tokens.weight"]
    spec.decoder.projection.weight = weights["proj_out.weight"]
    made = tokenizer(size.unused_tokens)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [made.token_to_id("Ġ"), made.token_to_id("<|endoftext|>")]
    spec.config.lang_ids = [made.token_to_id(f"<|{language}|>") for language in LANGUAGES]
    spec.config.alignment_heads = [[size.layers - 1, 1]]
    names = {number: token for token, number in made.get_vocab(with_added_tokens=True).items()}
    spec.register_vocabulary([names[number] for number in range(len(names))])
    spec.validate()
    spec.optimize()
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    made.save(str(folder / "tokenizer.json"))
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": MELS}))
    return folder


def write_transformers(folder: Path, weights: Weights) -> Path:
    """Write a model in the format of `transformers`."""
    import torch

    torch_audio.make_importable()
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    made = tokenizer()
    end = made.token_to_id("<|endoftext|>")
    config = WhisperConfig(
        vocab_size=made.get_vocab_size(), num_mel_bins=MELS, d_model=WIDTH, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=HEADS, decoder_attention_heads=HEADS, encoder_ffn_dim=4 * WIDTH,
        decoder_ffn_dim=4 * WIDTH, max_source_positions=POSITIONS, max_target_positions=LENGTH, pad_token_id=end,
        bos_token_id=end, eos_token_id=end, decoder_start_token_id=end + 1, begin_suppress_tokens=None,
        suppress_tokens=None, tie_word_embeddings=False,
    )  # fmt: skip
    model = WhisperForConditionalGeneration(config)
    model.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})
    model.generation_config.alignment_heads = [[0, 1]]
    model.generation_config._from_model_config = False  # else it is derived from the config again on loading
    model.save_pretrained(folder)
    made.save(str(folder / "tokenizer.json"))
    return folder
