"""What holds for every row of the catalogue of models."""

from __future__ import annotations

import re

import pytest

from services.models.catalogue import CATALOGUE
from services.models.files import Model


def test_names_and_folders_are_unique() -> None:
    assert len({model.name for model in CATALOGUE}) == len(CATALOGUE)
    assert len({model.folder or model.name for model in CATALOGUE}) == len(CATALOGUE)


@pytest.mark.parametrize("model", CATALOGUE, ids=lambda model: model.name)
def test_every_file_has_a_checksum_and_a_source(model: Model) -> None:
    for file in model.files:
        assert re.fullmatch("[0-9a-f]{64}", file.sha256), file.path
        assert file.url.startswith("https://") or file.members, file.path
        for member in file.members:
            assert re.fullmatch(r"[a-z0-9-]+(==|@)[0-9.]+", member.package)
    assert len({file.path for file in model.files}) == len(model.files)


def test_what_is_fetched_unasked_is_free_for_any_use_and_to_be_had_without_a_hub() -> None:
    unasked = [model for model in CATALOGUE if model.fetching != "on request"]
    assert {model.licence.allows for model in unasked} == {"any use"}
    assert all(file.members for model in unasked for file in model.files)


def test_what_is_fetched_before_the_first_word_is_small() -> None:
    first = [model for model in CATALOGUE if model.fetching == "set-up"]
    assert sum(model.bytes for model in first) < 60_000_000
