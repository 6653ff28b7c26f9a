"""The decoder with the networks of both libraries, on models made in the tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from bus.errors import EngineError, InvalidInput
from services.audio import Samples
from services.stt.streaming import Window
from services.stt.whisper.ctranslate2_network import CTranslate2Whisper
from services.stt.whisper.decoder import WhisperDecoder
from services.stt.whisper.network import DecodeRequest, Network
from tests import voices
from tests.services.stt.whisper import tiny_whisper as models

REQUEST = DecodeRequest(max_tokens=12, suppress=(), suppress_first=())


def sound(*names: str) -> Samples:
    return np.concatenate([np.frombuffer(voices.spoken(name), np.int16) for name in names])


STORY = sound("please_tell_me_a_story_about_the_sea_slt")
LONG = sound("please_tell_me_a_story_about_the_sea_slt", "what_can_you_do_for_me_rms", "thank_you_very_much_slt")


@pytest.fixture(scope="module")
def torch_threads() -> None:
    for package in ("torch", "transformers"):
        pytest.importorskip(package, reason="visavis[whisper-torch] is not installed")
    import torch

    torch.set_num_threads(1)  # more threads wait for one another on a shared CPU


@pytest.fixture(scope="module")
def counting_torch(torch_threads: None, tmp_path_factory: pytest.TempPathFactory) -> Network:
    from services.stt.whisper.torch_network import TorchWhisper

    folder = models.write_transformers(tmp_path_factory.mktemp("torch") / "counting", models.counting_weights())
    return TorchWhisper(folder, "cpu")


@pytest.fixture(params=["ctranslate2", "torch"])
def network(request: pytest.FixtureRequest) -> Network:
    name = "counting" if request.param == "ctranslate2" else "counting_torch"
    made: Network = request.getfixturevalue(name)
    return made


def numbers(text: str) -> int:
    """How far a text counts, which must start at "one"."""
    words = text.split()
    assert words == list(models.NUMBERS[: len(words)])
    return len(words)


def test_more_speech_gives_more_words(network: Network) -> None:
    decoder = WhisperDecoder(network)
    short, long = decoder.decode([Window(STORY[:24_000], "en"), Window(LONG, "en")])
    assert 1 <= numbers(short.text) < numbers(long.text)


def test_a_batch_gives_the_same_as_each_window_alone(network: Network) -> None:
    decoder = WhisperDecoder(network)
    windows = [Window(LONG, "en"), Window(STORY, "en"), Window(STORY, "de", "Ada and Milo"), Window(STORY)]
    together, alone = decoder.decode(windows), [decoder.decode([window])[0] for window in windows]
    assert [one.text for one in together] == [one.text for one in alone]
    assert [one.words for one in together] == [one.words for one in alone]


def test_word_times_follow_the_attention(network: Network) -> None:
    (decoded,) = WhisperDecoder(network).decode([Window(LONG, "en")])
    assert [word.text for word in decoded.words] == decoded.text.split()
    expected = [models.SECONDS_A_WORD * place for place in range(len(decoded.words))]
    assert [word.start for word in decoded.words] == pytest.approx(expected, abs=0.05)
    assert all(word.start <= word.end and word.confidence > 0.5 for word in decoded.words)


def test_a_known_prefix_is_not_decoded_again(network: Network) -> None:
    decoder = WhisperDecoder(network)
    (whole,), (rest,) = decoder.decode([Window(LONG, "en")]), decoder.decode([Window(LONG, "en", "", "one two three")])
    assert rest.text == whole.text
    assert [word.start for word in rest.words] == [word.start for word in whole.words]
    prompt = [network.tokenizer.token_to_id(f"<|{name}|>") for name in ("startoftranscript", "en", "transcribe")]
    prompt += [network.tokenizer.token_to_id("<|notimestamps|>"), *network.tokenizer.encode(" one two").ids]
    (generated,) = network.generate(network.encode(decoder._features(LONG)[None]), [prompt], REQUEST)
    assert network.tokenizer.decode(list(generated.tokens)).split()[0] == "three"


def test_the_language_is_detected_if_not_given(network: Network) -> None:
    found, given = WhisperDecoder(network).decode([Window(LONG), Window(LONG, "de")])
    assert (found.language, given.language, given.language_probability) == ("en", "de", 1.0)
    assert 0.5 < found.language_probability < 1


class _Unsure:
    """A network that is not sure of the language that it detects."""

    def __init__(self, network: Network, probability: float) -> None:
        self._network, self._probability = network, probability

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def detect_language(self, encoded: Any) -> list[tuple[str, float]]:
        return [(language, self._probability) for language, _ in self._network.detect_language(encoded)]


@pytest.mark.parametrize(
    ("probability", "likely", "language"),
    [(0.84, "de", "de"), (0.86, "de", "en"), (0.5, "", "en"), (0.5, "tlh", "en")],
)
def test_where_the_language_is_not_certain_the_likely_one_is_believed(
    network: Network, probability: float, likely: str, language: str
) -> None:
    decoder = WhisperDecoder(cast("Network", _Unsure(network, probability)))
    (decoded,) = decoder.decode([Window(LONG, likely=likely)])
    assert (decoded.language, decoded.language_probability) == (language, probability)


@pytest.mark.parametrize("noise", [0, 3, 30])
def test_silence_and_hiss_have_a_high_no_speech_probability(network: Network, noise: float) -> None:
    hiss = np.random.default_rng(1).normal(0, noise, 32_000).astype(np.int16)
    silent, spoken = WhisperDecoder(network).decode([Window(hiss, "en"), Window(LONG, "en")])
    assert silent.no_speech_prob > 0.6 > 0.3 > spoken.no_speech_prob


def test_decoding_without_repeats_breaks_a_loop(network: Network) -> None:
    end = network.tokenizer.token_to_id("<|endoftext|>")
    request = DecodeRequest(max_tokens=40, suppress=(end,), suppress_first=())
    without = DecodeRequest(request.max_tokens, request.suppress, (), allow_repeats=False)
    encoded = network.encode(WhisperDecoder(network)._features(LONG)[None])
    start = [network.tokenizer.token_to_id(f"<|{name}|>") for name in ("startoftranscript", "en", "transcribe")]
    start.append(network.tokenizer.token_to_id("<|notimestamps|>"))
    (loop,), (free,) = network.generate(encoded, [start], request), network.generate(encoded, [start], without)
    triples = [free.tokens[place : place + 3] for place in range(len(free.tokens) - 2)]
    assert len(set(triples)) == len(triples)
    assert len({loop.tokens[place : place + 3] for place in range(len(loop.tokens) - 2)}) < len(loop.tokens) - 2


@pytest.mark.usefixtures("torch_threads")
@pytest.mark.parametrize("seed", [1, 2])
def test_both_libraries_agree_on_the_same_weights(tmp_path: Path, seed: int) -> None:
    from services.stt.whisper.torch_network import TorchWhisper

    weights = models.random_weights(seed)
    first = CTranslate2Whisper(models.write_ctranslate2(tmp_path / "c", weights), "cpu", precise=True)
    second = TorchWhisper(models.write_transformers(tmp_path / "t", weights), "cpu")
    start = [first.tokenizer.token_to_id(f"<|{name}|>") for name in ("startoftranscript", "de", "transcribe")]
    text = first.tokenizer.encode(" one two three").ids
    features = np.stack([WhisperDecoder(first)._features(one) for one in (STORY, LONG[:64_000])])
    results = []
    for network in (first, second):
        encoded = network.encode(features)
        prompts = [[*start, network.tokenizer.token_to_id("<|notimestamps|>")]] * 2
        generated = network.generate(encoded, prompts, REQUEST)
        aligned = network.align(encoded, start, [text] * 2, [400, 300])
        results.append((generated, network.detect_language(encoded), aligned))
    (generated, languages, aligned), (other_generated, other_languages, other_aligned) = results
    for one, other in zip(generated, other_generated, strict=True):
        assert one.tokens == other.tokens
        assert one.logprob == pytest.approx(other.logprob, rel=1e-3)
        assert one.no_speech_prob == pytest.approx(other.no_speech_prob, rel=1e-2)
    assert [language for language, _ in languages] == [language for language, _ in other_languages]
    for one_path, other_path in zip(aligned, other_aligned, strict=True):
        assert one_path.path == other_path.path
        assert one_path.probabilities == pytest.approx(other_path.probabilities, rel=1e-2)


def test_a_window_of_more_than_30_seconds_is_refused(network: Network) -> None:
    with pytest.raises(InvalidInput, match="30 s"):
        WhisperDecoder(network).decode([Window(np.zeros(480_001, np.int16))])


def test_the_spectrogram_is_that_of_audio_padded_with_silence(counting: Network) -> None:
    decoder = WhisperDecoder(counting)
    padded = np.concatenate([STORY, np.zeros(480_000 - len(STORY), np.int16)])
    np.testing.assert_allclose(decoder._features(STORY), decoder._features(padded), atol=1e-5)
    np.testing.assert_allclose(decoder._features(STORY[:0]), decoder._features(padded * 0), atol=1e-5)


def test_ctranslate2_names_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=str(tmp_path)):
        CTranslate2Whisper(tmp_path, "cpu")


@pytest.mark.usefixtures("torch_threads")
def test_torch_names_a_folder_without_a_model(tmp_path: Path) -> None:
    from services.stt.whisper.torch_network import TorchWhisper

    with pytest.raises(EngineError, match=str(tmp_path)):
        TorchWhisper(tmp_path, "cpu")
