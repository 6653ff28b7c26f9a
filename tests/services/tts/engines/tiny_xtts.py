"""A small XTTS v2 model with random weights: the real architecture and the real file formats."""

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

from services.tts.engines import xtts_model

LANGUAGES = "en es fr de it pt pl tr ru nl cs ar zh-cn ja hu ko hi".split()  # noqa: SIM905 - a list of codes
_SIZES: dict[str, Any] = {
    "gpt_layers": 2, "gpt_n_model_channels": 64, "gpt_n_heads": 4, "decoder_input_dim": 64, "gpt_max_audio_tokens": 48,
    "d_vector_dim": 512,
}  # fmt: skip


@contextlib.contextmanager
def small_vocoder() -> Iterator[None]:
    """Gives coqui's models a HiFi-GAN of 32 channels instead of 512, a size that is not configurable."""
    xtts_model._library()
    module: Any = importlib.import_module("TTS.tts.models.xtts")
    published = module.HifiDecoder
    module.HifiDecoder = functools.partial(published, upsample_initial_channel_decoder=32)
    try:
        yield
    finally:
        module.HifiDecoder = published


def make(folder: Path, **sizes: Any) -> Path:
    """Write the files of a model; returns the folder.

    Args:
        sizes: that differ from the small ones, by the names of coqui's XttsArgs; `full=True` for the published sizes.
    """
    config_class, model_class = xtts_model._library()
    full = sizes.pop("full", False)
    torch.manual_seed(1)
    folder.mkdir(parents=True, exist_ok=True)
    _vocabulary(folder / "vocab.json", 6681 if full else 256)
    config = config_class()
    arguments = config.model_args
    arguments.gpt_use_perceiver_resampler = True
    arguments.gpt_num_audio_tokens, arguments.gpt_start_audio_token, arguments.gpt_stop_audio_token = 1026, 1024, 1025
    for name, size in {**({"gpt_max_audio_tokens": 605} if full else _SIZES), **sizes}.items():
        setattr(arguments, name, size)
    arguments.tokenizer_file = str(folder / "vocab.json")
    model = model_class(config)
    tokenizer = importlib.import_module("TTS.tts.layers.xtts.tokenizer")
    model.tokenizer = tokenizer.VoiceBpeTokenizer(vocab_file=arguments.tokenizer_file)
    model.init_models()
    with torch.no_grad():  # random weights give audio so quiet that it would be trimmed as silence
        model.hifigan_decoder.waveform_decoder.conv_post.weight.mul_(30.0)
    config.save_json(str(folder / "config.json"))
    torch.save({"model": model.state_dict()}, folder / "model.pth")
    width = arguments.gpt_n_model_channels
    speakers = {
        name: {
            "gpt_cond_latent": torch.randn(1, 32, width) * 0.02,
            "speaker_embedding": torch.nn.functional.normalize(torch.randn(1, 512, 1), dim=1),
        }
        for name in ("Claribel Dervla", "Damien Black")
    }
    torch.save(speakers, folder / "speakers_xtts.pth")
    return folder


def _vocabulary(path: Path, size: int) -> None:
    special = ["[STOP]", "[UNK]", "[SPACE]", "[START]", *(f"[{language}]" for language in LANGUAGES)]
    entries = {token: place for place, token in enumerate([*special, *"abcdefghijklmnopqrstuvwxyz.,!?'\"-;:äöüß"])}
    entries |= {f"¤{place}": place for place in range(len(entries), size)}
    tokenizer: Any = Tokenizer(models.BPE(vocab=entries, merges=[], unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.save(str(path))
