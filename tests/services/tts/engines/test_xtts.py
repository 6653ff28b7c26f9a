"""The real loading and streaming code of XTTS on a small model of the real architecture."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pytest

from bus.errors import ConfigurationError, InvalidInput
from bus.events import VisemeMark
from bus.settings import Settings
from services.audio import Samples
from services.gpu_faults import GpuFault, GpuUse
from services.models.catalogue import XTTS
from services.models.deferred import Deferred
from services.tts.engine import SpeechPiece, Voice
from services.tts.engines import voice_samples, xtts_requirements
from services.tts.engines.espeak import EspeakEngine
from services.tts.engines.gpu_engine import GpuEngine
from services.tts.lips.estimator import VisemeEstimator
from tests.fakes import FakeSynthesizer

torch = pytest.importorskip("torch", reason="the extra xtts is not installed here")
if importlib.util.find_spec("TTS") is None:
    pytest.skip("the extra xtts is not installed here", allow_module_level=True)

from services.tts.engines.xtts import XttsEngine  # noqa: E402
from services.tts.engines.xtts_model import CLONING_RATE, XttsModel  # noqa: E402
from services.tts.engines.xtts_streaming import Sampling, Vocoder, conditioning_prefix, generate_latents, sample_token  # noqa: E402
from tests.services.tts.engines import tiny_xtts  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # of the libraries, about themselves
TEXT = "I have 3 apples & Dr. Smith."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    with tiny_xtts.small_vocoder():
        return tiny_xtts.make(tmp_path_factory.mktemp("xtts"))


@pytest.fixture(scope="module")
def model(folder: Path) -> XttsModel:
    with tiny_xtts.small_vocoder():
        return XttsModel(folder, "cpu", 1 << 32)


def make_engine(model: XttsModel, folder: Path) -> XttsEngine:
    return XttsEngine(model, folder / "voices", folder / "cloned", VisemeEstimator(None), FakeSynthesizer(), b"tiny")


@pytest.fixture
def engine(model: XttsModel, tmp_path: Path) -> XttsEngine:
    return make_engine(model, tmp_path)


def recording(path: Path, seconds: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(3).normal(0, 3_000, round(24_000 * seconds)).astype(np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=24_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(noise.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = 24_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def audio(pieces: Iterator[SpeechPiece]) -> Samples:
    return np.concatenate([piece.samples for piece in pieces])


def sound_and_marks(pieces: Iterator[SpeechPiece]) -> tuple[Samples, list[VisemeMark]]:
    found = list(pieces)
    return audio(iter(found)), [mark for piece in found for mark in piece.visemes]


def test_latents_are_those_of_the_librarys_own_stream(model: XttsModel) -> None:
    gpt = model._model.gpt
    tokens = model.tokenize(TEXT, "en")
    speaker = model.speakers["Claribel Dervla"]
    with torch.inference_mode():
        fake = gpt.compute_embeddings(speaker.style, torch.tensor([tokens]))
        options: Any = {
            "do_sample": True, "num_beams": 1, "num_return_sequences": 1, "length_penalty": 1.0, "top_p": 1.0,
            "repetition_penalty": 10.0, "top_k": 1, "temperature": 1.0, "output_attentions": False,
            "output_hidden_states": True, "return_dict_in_generate": True,
        }  # fmt: skip
        theirs = [latent for _, latent in gpt.get_generator(fake_inputs=fake, **options)]
        prefix = conditioning_prefix(gpt, tokens, speaker.style)
    ours = list(generate_latents(gpt, prefix, 1, int(gpt.max_gen_mel_tokens), Sampling(top_k=1)))
    assert len(ours) == len(theirs) > 20
    assert torch.allclose(torch.cat(ours), torch.cat(theirs), atol=1e-5)


@pytest.mark.parametrize("stretch", [1.0, 1.3])
@pytest.mark.parametrize("sizes", [(8, 16), (1, 1), (5, 40)])
def test_audio_in_pieces_is_the_same_as_at_once(model: XttsModel, stretch: float, sizes: tuple[int, int]) -> None:
    given = [torch.randn(1, 64, generator=torch.Generator().manual_seed(at)) for at in range(30)]
    decoder, timbre = model._model.hifigan_decoder, model.speakers["Damien Black"].timbre
    whole = Vocoder(decoder, timbre, stretch).push(given, last=True)
    vocoder, pieces, at = Vocoder(decoder, timbre, stretch), [], 0
    while at < len(given):
        size = sizes[bool(at)]
        pieces.append(vocoder.push(given[at : at + size], last=at + size >= len(given)))
        at += size
    assert torch.allclose(torch.cat(pieces), whole, atol=1e-5)
    assert abs(len(whole) - 30 * 1114.6 * stretch) < 1_500
    if stretch == 1.0:
        with torch.inference_mode():
            assert torch.allclose(decoder(torch.cat(given)[None], g=timbre)[0, 0], whole, atol=1e-5)


def test_the_first_piece_comes_after_eight_latents(model: XttsModel) -> None:
    sizes = [len(piece) for piece in model.speak(model.tokenize(TEXT, "en"), model.speakers["Damien Black"], 1, 1.0)]
    assert 3_000 < sizes[0] < 5_000
    assert len(sizes) > 3


def test_a_seed_gives_the_same_audio_during_concurrent_speech(engine: XttsEngine) -> None:
    alone = [audio(engine.speak(TEXT, Voice(), seed)) for seed in (1, 2)]
    assert not np.array_equal(alone[0][:4_000], alone[1][:4_000])
    together: dict[int, Samples] = {}

    def speak(seed: int) -> None:
        together[seed] = audio(engine.speak(TEXT, Voice(), seed))

    threads = [threading.Thread(target=speak, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert np.array_equal(together[1], alone[0])
    assert np.array_equal(together[2], alone[1])


def test_sampling_keeps_to_the_nucleus_and_penalises_repetition() -> None:
    logits = torch.tensor([4.0, 3.9, 0.0, -5.0])
    random = torch.Generator().manual_seed(1)
    unseen = torch.zeros(4, dtype=torch.bool)
    drawn = [sample_token(logits, unseen, random, Sampling(temperature=1.0)) for _ in range(200)]
    assert set(drawn) == {0, 1}
    assert 60 < drawn.count(0) < 140
    seen = torch.tensor([True, False, False, False])
    assert {sample_token(logits, seen, random, Sampling()) for _ in range(50)} == {1}


def test_numbers_and_abbreviations_are_spelt_out(model: XttsModel) -> None:
    def spelt(text: str, language: str) -> str:
        decoded: str = model._model.tokenizer.decode(model.tokenize(text, language))
        return decoded

    assert spelt(TEXT, "en") == "[en]i have three apples and doctor smith."
    assert spelt("Es gab 50 Soldaten.", "de") == "[de]es gab fünfzig soldaten."


LANGUAGES = {"ja": "こんにちは", "zh": "你好", "ko": "안녕", "hi": "नमस्ते", "ru": "Привет", "ar": "مرحبا"}


@pytest.mark.parametrize("language", "en es fr de it pt pl tr ru nl cs ar zh ja hu ko hi".split())  # noqa: SIM905
def test_each_language_is_supported_if_its_packages_are_installed(engine: XttsEngine, language: str) -> None:
    if language not in engine._languages:
        assert importlib.util.find_spec({"zh": "pypinyin", "ja": "cutlet"}[language]) is None
        assert engine.voice_for(Voice(language=language)) == "fake/female"
        return
    assert engine.voice_for(Voice(language=language)) == "xtts/Claribel Dervla"
    assert len(engine._model.tokenize(LANGUAGES.get(language, "amigo"), language)) > 2


def test_the_fallback_speaks_unsupported_languages(engine: XttsEngine) -> None:
    assert engine.voice_for(Voice(language="sv")) == "fake/female"
    assert len(audio(engine.speak("hej", Voice(language="sv"), 1))) == 3 * 4_800


def test_the_parts_of_a_long_text_join_without_a_click(
    model: XttsModel, engine: XttsEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(model._model.tokenizer.char_limits, "en", 20)
    sound = audio(engine.speak("One is here, two is there, three is gone.", Voice(), 1)).astype(int)
    pause = np.flatnonzero(np.convolve(np.abs(sound) > 0, np.ones(3_000), "valid") == 0)
    assert len(pause) > 0  # the pause between two parts is digital silence
    around = sound[pause[0] - 120 : pause[0]]
    assert np.abs(around[-10:]).max() <= 0.2 * np.abs(sound).max()
    assert np.abs(np.diff(sound)).max() < 32_000


def test_a_voice_is_cloned_once_and_cached_by_content(engine: XttsEngine, model: XttsModel, tmp_path: Path) -> None:
    recording(tmp_path / "voices" / "ada.wav", 6.5)
    voice = Voice(sample="ada", pitch=1.2)
    assert engine.voice_for(voice) == "xtts/ada.wav"
    (first, cloned) = engine._speaker(voice)
    assert cloned
    assert first.style.shape == model.speakers["Damien Black"].style.shape
    (cached,) = (tmp_path / "cloned").iterdir()
    # Other values than cloning gives, so that a read from the cache is recognised.
    np.savez(cached, style=first.style.numpy() + 1, timbre=first.timbre.numpy() + 1)
    (tmp_path / "voices" / "ada.wav").rename(tmp_path / "voices" / "bob.wav")
    again = make_engine(model, tmp_path)
    second, _ = again._speaker(Voice(sample="bob.wav"))
    assert torch.equal(second.style, first.style + 1)
    assert torch.equal(second.timbre, first.timbre + 1)
    pieces = list(again.speak("Yes.", Voice(sample="bob", pitch=1.2), 1))
    assert {piece.rate for piece in pieces} == {24_000}  # a cloned voice keeps its own pitch


def test_a_recording_that_is_too_short_is_replaced_by_a_built_in_voice(engine: XttsEngine, tmp_path: Path) -> None:
    path = recording(tmp_path / "voices" / "ada.wav", 3.0)
    with pytest.raises(InvalidInput, match=r"ada.wav: expected at least 6 s of a voice, got 3.0 s"):
        voice_samples.read_sample(path, CLONING_RATE)
    assert len(audio(engine.speak("Yes.", Voice("male", sample="ada"), 1))) > 0
    assert engine.voice_for(Voice("male", sample="ada")) == "xtts/Damien Black"


def test_a_sample_is_found_in_its_folder_only(tmp_path: Path) -> None:
    recording(tmp_path / "secret.wav", 1.0)
    (tmp_path / "voices").mkdir()
    for name in ("../secret", "../secret.wav", str(tmp_path / "secret.wav"), "", ".."):
        assert voice_samples.find_sample(tmp_path / "voices", name) is None
    (tmp_path / "voices" / "x.wav").write_text("no sound")
    found = voice_samples.find_sample(tmp_path / "voices", "x")
    assert found is not None
    with pytest.raises(InvalidInput, match=r"x.wav is no recording"):
        voice_samples.read_sample(found, CLONING_RATE)


def test_out_of_memory_fails_the_sentence_only(
    engine: XttsEngine, model: XttsModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: Any, **named: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with monkeypatch.context() as patched:
        patched.setattr(model._model.gpt.gpt, "forward", full)
        with pytest.raises(GpuFault) as caught:
            audio(engine.speak("Yes.", Voice(), 1))
    assert (caught.value.cause, caught.value.retryable) == ("full", True)
    assert len(audio(engine.speak("Yes.", Voice(), 1))) > 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a graphics card here")
def test_a_card_that_is_asked_for_and_not_there_is_told_from_files_that_are_wrong(folder: Path) -> None:
    with pytest.raises(GpuFault, match="cannot load the voice: Torch not compiled with CUDA enabled") as caught:
        XttsModel(folder, "cuda", 1 << 32)
    assert caught.value.cause == "absent"


def test_a_sentence_that_met_a_full_card_goes_on_in_the_same_voice(
    engine: XttsEngine, model: XttsModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The very samples that it would have had: what was made before is made again by the same seed, and left out."""
    whole, marks = sound_and_marks(engine.speak(TEXT, Voice(), 1))
    use = GpuUse()
    on_card = GpuEngine(Deferred.ready(cast("Any", engine), "m"), FakeSynthesizer(), "fake", use, again_after=0.0)
    forward, steps = model._model.gpt.gpt.forward, 0

    def full_once(*arguments: Any, **named: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps == 30:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        return forward(*arguments, **named)

    monkeypatch.setattr(model._model.gpt.gpt, "forward", full_once)
    again, marks_again = sound_and_marks(on_card.speak(TEXT, Voice(), 1))
    assert steps > 60
    assert np.array_equal(whole, again)
    assert (marks_again, use.cause) == (marks, None)


def test_closing_the_iterator_stops_the_model(
    engine: XttsEngine, model: XttsModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []
    forward = model._model.gpt.gpt.forward

    def counted(*arguments: Any, **named: Any) -> Any:
        steps.append(1)
        return forward(*arguments, **named)

    monkeypatch.setattr(model._model.gpt.gpt, "forward", counted)
    speech = engine.speak(TEXT, Voice(), 1)
    next(speech)
    speech.close()  # type: ignore[attr-defined]
    made = len(steps)
    assert made in (8, 24)
    assert len(steps) == made


def test_visemes_come_with_the_audio(model: XttsModel, tmp_path: Path) -> None:
    espeak = EspeakEngine()
    engine = XttsEngine(model, tmp_path, tmp_path, VisemeEstimator(espeak), FakeSynthesizer())
    pieces = list(engine.speak("My name is Bob.", Voice(), 1))
    (reference,) = espeak.speak("My name is Bob.", Voice(), 1)
    espeak.close()
    marks = [mark for piece in pieces for mark in piece.visemes]
    assert [mark.viseme for mark in marks] == [mark.viseme for mark in reference.visemes]
    assert marks[-1].sample < sum(len(piece.samples) for piece in pieces) + 24_000 // 20


def test_a_folder_without_a_model_is_a_configuration_error(folder: Path, tmp_path: Path) -> None:
    for file in XTTS.files:
        (tmp_path / file.path).write_bytes(b"{}")
    with pytest.raises(ConfigurationError, match=str(tmp_path)):
        XttsModel(tmp_path, "cpu", 1 << 32)


def test_auto_needs_the_licence_accepted_and_the_files_present(folder: Path, tmp_path: Path) -> None:
    reason = xtts_requirements.why_unavailable(Settings(tts_engine="xtts", xtts_model=str(folder)))
    assert reason is not None
    assert "no commercial use" in reason
    assert "VISAVIS_XTTS_LICENCE=accepted" in reason
    agreed = Settings(xtts_licence="accepted", xtts_model=str(tmp_path / "none"))
    reason = xtts_requirements.why_unavailable(agreed)
    assert reason is not None
    assert "VISAVIS_TTS_ENGINE=xtts downloads them (1.9 GB)" in reason
    off = Settings(xtts_licence="accepted", tts_engine="xtts", data=str(tmp_path), model_downloads="off")
    reason = xtts_requirements.why_unavailable(off)
    assert reason is not None
    assert reason.endswith("VISAVIS_MODEL_DOWNLOADS is off")
    by_name = Settings(xtts_licence="accepted", tts_engine="xtts", data=str(tmp_path))
    assert xtts_requirements.why_unavailable(by_name) is None
    settings = Settings(xtts_licence="accepted", xtts_model=str(folder), tts_device="cpu")
    assert xtts_requirements.why_unavailable(settings) is None


def test_load_loads_the_folder_and_warms_up(folder: Path, tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path), tts_device="cpu")
    with tiny_xtts.small_vocoder():
        engine = XttsEngine.load(folder, settings, VisemeEstimator(None), FakeSynthesizer())
    assert engine.voice_for(Voice("male")) == "xtts/Damien Black"
