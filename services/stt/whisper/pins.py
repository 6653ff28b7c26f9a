"""The pinned commit of each Whisper model and the SHA-256 of its files.

The hub was not reachable when this was written. Commits and checksums are those that several independent projects on
GitHub pin for these repositories. A file without a known checksum is trusted on first use (see services/downloads.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class PinnedRevision:
    revision: str
    """A commit."""
    sha256: Mapping[str, str]
    """By file name, as far as known."""


def _multilingual(revision: str, model: str, config: str) -> PinnedRevision:
    return PinnedRevision(revision, {
        "config.json": config, "model.bin": model,
        "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
        "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
    })  # fmt: skip


def _english(revision: str, model: str, config: str) -> PinnedRevision:
    return PinnedRevision(revision, {
        "config.json": config, "model.bin": model,
        "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
        "vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
    })  # fmt: skip


def _large_v3(revision: str, model: str, config: str, tokenizer: str) -> PinnedRevision:
    """large-v3 has other mel bands and one language more."""
    return PinnedRevision(revision, {
        "config.json": config, "model.bin": model, "tokenizer.json": tokenizer,
        "preprocessor_config.json": "7ccc62c6f2765af1f3b46c00c9b5894426835a05021c8b9c01eecb6dfb542711",
        "vocabulary.json": "c69260f2ab26d659b7c398f9a2b2b48ed0df16c3b47d7326782fd9cba71690c1",
    })  # fmt: skip


CTRANSLATE2 = {
    "Systran/faster-whisper-tiny": _multilingual(
        "d90ca5fe260221311c53c58e660288d3deb8d356",
        "dcb76c6586fc06cbdac6dd21f14cfd129cc4cdd9dce19bf4ffa62e59cbe6e6d1",
        "a73a28cdfe1c43ccc7202fa333d1f89c202477271407ae9a7f19afa52039cac8",
    ),
    "Systran/faster-whisper-base": _multilingual(
        "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
        "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    ),
    "Systran/faster-whisper-small": _multilingual(
        "536b0662742c02347bc0e980a01041f333bce120",
        "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671",
        "b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828",
    ),
    "Systran/faster-whisper-medium": _multilingual(
        "08e178d48790749d25932bbc082711ddcfdfbc4f",
        "9b45e1009dcc4ab601eff815b61d80e60ce3fd8c74c1a14f4a282258286b51ae",
        "3622a2ddc41ec0e0fd4e68c13c6830f03b90c38d89aaad184de02c8c642cf807",
    ),
    "Systran/faster-whisper-large-v2": _multilingual(
        "f0fe81560cb8b68660e564f55dd99207059c092e",
        "bf2a9746382e1aa7ffff6b3a0d137ed9edbd9670c3b87e5d35f5e85e70d0333a",
        "d86b7a7664a12559d644aa210a32ce9a7e03913e794b7ea4fb7182de69e273a7",
    ),
    "Systran/faster-whisper-tiny.en": _english(
        "0d3d19a32d3338f10357c0889762bd8d64bbdeba",
        "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
    ),
    "Systran/faster-whisper-base.en": _english(
        "3d3d5dee26484f91867d81cb899cfcf72b96be6c",
        "2a166925539a16005f14ff328359f9b9adb9dc4fb631bb3b227526862e93e2ef",
        "f3bc3821e9fc76a27bae538e11ae5b677dcdd352b4600429ce7951d398569aeb",
    ),
    "Systran/faster-whisper-small.en": _english(
        "d1d751a5f8271d482d14ca55d9e2deeebbae577f",
        "62b2a45b05ee59acb4a5341b33ee35e041395d378d418a18acfe4c9e768ee37a",
        "666a9605530ac1f61fa8177f3702b4dacec9966749e42610839fcc32661d5fae",
    ),
    "Systran/faster-whisper-medium.en": _english(
        "a29b04bd15381511a9af671baec01072039215e3",
        "11b220779aea4c6f3ce9d2549c8a95ea869ed84066864b999531ef53e594fe5b",
        "4a1848ebabe7938d9797c15a2e8e4ce1d36e6fd4a43d096ae5955257c67c7962",
    ),
    "Systran/faster-whisper-large-v3": _large_v3(
        "edaa852ec7e145841d8ffdb056a99866b5f0a478",
        "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1",
        "a9306624f5ec14270a014b647e5c316b6e03a662c369758d1b90697a7b0655b9",
        "6d8cbd7cd0d8d5815e478dac67b85a26bbe77c1f5e0c6d76d1ce2abc0e5f21ca",
    ),
    "mobiuslabsgmbh/faster-whisper-large-v3-turbo": _large_v3(
        "0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf",
        "e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da",
        "b0253ea6c0d3bea6b1e19e91a02acfd3b53f4467362efcb5a3e6b16c9b3a9b7e",
        "297b13372ac43916285644fb9687add3cc62ee2a1adb60da3dc25cc94c1871fd",
    ),
}


def _weights(revision: str, model: str) -> PinnedRevision:
    """Only the checksum of the weights was found for these repositories."""
    return PinnedRevision(revision, {"model.safetensors": model})


TRANSFORMERS = {
    "openai/whisper-tiny": _weights(
        "169d4a4341b33bc18d8881c4b69c2e104e1cc0af", "7ebd0e69e78190ffe1438491fa05cc1f5c1aa3a4c4db3bc1723adbb551ea2395"
    ),
    "openai/whisper-tiny.en": _weights(
        "87c7102498dcde7456f24cfd30239ca606ed9063", "db59695928ded6043adaef491a53ef4e12da9611184d77c53baa691a60b958ad"
    ),
    "openai/whisper-base": _weights(
        "e37978b90ca9030d5170a5c07aadb050351a65bb", "07cadb9f25677c8d50df603e66a98fbd842cce45047139baeb16e6219a1e807b"
    ),
    "openai/whisper-base.en": _weights(
        "911407f4214e0e1d82085af863093ec0b66f9cd6", "d4dd5542fd6a1d35639e21384238f3bfe6c557c849d392b5905d33ee29e71db5"
    ),
    "openai/whisper-small": _weights(
        "973afd24965f72e36ca33b3055d56a652f456b4d", "1d7734884874f1a1513ed9aa760a4f8e97aaa02fd6d93a3a85d27b2ae9ca596b"
    ),
    "openai/whisper-small.en": _weights(
        "e8727524f962ee844a7319d92be39ac1bd25655a", "6014ac49b506df900f66f4aca6b0801eed7245594ace97bcaf73e0ae5b863066"
    ),
    "openai/whisper-medium": _weights(
        "abdf7c39ab9d0397620ccaea8974cc764cd0953e", "62f73550fa6db24b0c6f6c5962bd0dae80fa644e93cde9cd9c3792971b47fd28"
    ),
    # Its checksum was found in one project only.
    "openai/whisper-medium.en": PinnedRevision("2e98eb6279edf5095af0c8dedb36bdec0acd172b", {}),
    "openai/whisper-large-v2": _weights(
        "ae4642769ce2ad8fc292556ccea8e901f1530655", "57a1ba2a82c093cabff2541409ae778c97145378b9ddfa722763cb1cb8f9020b"
    ),
    "openai/whisper-large-v3": _weights(
        "06f233fe06e710322aca913c1bc4249a0d71fce1", "a8e94b85976e5864ba3e9525c7e6c83b2a1eca42d4b797a0c7c24d778e40fd95"
    ),
    "openai/whisper-large-v3-turbo": _weights(
        "41f01f3fe87f28c78e2fbf8b568835947dd65ed9", "542566a422ae4f3fd23f1ba11add198fca01bbf82e66e6a2857b3f608b1eb9d1"
    ),
}
