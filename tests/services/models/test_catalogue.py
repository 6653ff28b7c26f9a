"""What holds for every row of the catalogue of models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from bus.settings import Settings
from services.models import whisper
from services.models.catalogue import CATALOGUE
from services.models.files import HUB, Model


def test_names_and_folders_are_unique() -> None:
    assert len({model.name for model in CATALOGUE}) == len(CATALOGUE)
    assert len({model.folder or model.name for model in CATALOGUE}) == len(CATALOGUE)


UNPUBLISHED = {
    (model.name, file.path)
    for model in whisper.TRANSFORMERS.values()
    for file in model.files
    if file.path != "model.safetensors" or model.name == "whisper-medium.en-transformers"
}
"""Files whose SHA-256 nobody publishes: all but the weights of Whisper for transformers, and one of those."""


@pytest.mark.parametrize("model", CATALOGUE, ids=lambda model: model.name)
def test_every_file_has_a_source_and_a_checksum_where_one_is_published(model: Model) -> None:
    for file in model.files:
        if (model.name, file.path) in UNPUBLISHED:
            assert file.sha256 == "", file.path
        else:
            assert re.fullmatch("[0-9a-f]{64}", file.sha256), file.path
        assert file.url.startswith("https://") or file.members, file.path
        for member in file.members:
            assert re.fullmatch(r"[a-z0-9-]+(==|@)[0-9.]+", member.package)
    assert len({file.path for file in model.files}) == len(model.files)


def test_a_file_without_a_published_checksum_is_at_one_commit() -> None:
    urls = [file.url for model in CATALOGUE for file in model.files if not file.sha256]
    assert urls
    assert all(re.match(rf"{HUB}/[\w.-]+/[\w.-]+/resolve/[0-9a-f]{{40}}/", url) for url in urls)


@pytest.mark.parametrize("table", [whisper.CTRANSLATE2, whisper.TRANSFORMERS], ids=["ctranslate2", "transformers"])
def test_every_size_of_whisper_is_there_in_both_formats(table: Mapping[str, Model]) -> None:
    sizes = {"tiny", "base", "small", "medium"}
    assert set(table) == sizes | {f"{size}.en" for size in sizes} | {"large-v2", "large-v3", "turbo"}


def test_a_size_is_unknown_where_that_of_one_file_is() -> None:
    assert whisper.CTRANSLATE2["base"].bytes == 147_882_941
    assert whisper.CTRANSLATE2["small"].bytes == 0


def test_terms_have_a_setting_that_accepts_them() -> None:
    with_terms = [model for model in CATALOGUE if model.licence.terms]
    assert [model.name for model in with_terms] == ["xtts-v2"]
    assert all(hasattr(Settings(), model.licence.consent) for model in with_terms)


def test_what_is_fetched_unasked_is_free_for_any_use_and_to_be_had_without_a_hub() -> None:
    unasked = [model for model in CATALOGUE if model.fetching != "on request"]
    assert {model.licence.allows for model in unasked} == {"any use"}
    assert all(file.members for model in unasked for file in model.files)


def test_what_is_fetched_before_the_first_word_is_small() -> None:
    first = [model for model in CATALOGUE if model.fetching == "set-up"]
    assert sum(model.bytes for model in first) < 60_000_000


_LICENCE_ROW = r"\| `([\w.-]+)` \| [^|]+ \| ([^|]+) \| ([^|]+) \| (\*\*no\*\*|yes)[^|]* \| [^|]+ \| [^|]+ \|"
"""Model, publisher, purpose, licence, may be used commercially, on disk, memory."""


def test_the_page_of_licences_lists_every_model_with_what_its_licence_allows() -> None:
    listed: dict[str, tuple[str, ...]] = {}
    for line in Path("docs/licences.md").read_text().splitlines():
        if row := re.fullmatch(_LICENCE_ROW, line):
            names = [row[1].replace("SIZE", size) for size in whisper.CTRANSLATE2] if "SIZE" in row[1] else [row[1]]
            allows = "any use" if row[4] == "yes" else "no commercial use"
            listed |= dict.fromkeys(names, (row[2], row[3], allows))
    assert listed == {model.name: (model.purpose, model.licence.name, model.licence.allows) for model in CATALOGUE}
