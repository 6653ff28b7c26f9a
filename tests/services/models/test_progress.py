"""The downloads of a process as a person sees them, and as metrics."""

from __future__ import annotations

from pathlib import Path

import pytest

from bus.errors import EngineError
from services.models.fetching import Fetcher
from services.models.files import Licence, Model, ModelFile
from services.models.progress import DOWNLOADS, Download, Downloads
from tests.services.models.sources import DATA, SHA256, model, publisher


def test_a_download_says_its_share_or_what_has_arrived_where_the_size_is_unknown() -> None:
    assert str(Download("kokoro", 40, 99)) == "fetching kokoro, 40 %"
    assert str(Download("whisper-small", 12_400_000, 0)) == "fetching whisper-small, 12 MB"


def test_downloads_are_shown_while_they_last_also_as_metrics() -> None:
    downloads = Downloads()
    with downloads.shown("a") as first, downloads.shown("b") as second:
        first(1, 4)
        second(1, 2)
        assert downloads.note() == "fetching a, 25 %; fetching b, 50 %"
        read = {(one.name, one.labels["model"]): one.value for one in downloads.readings()}
        assert read == {
            ("model_download_bytes", "a"): 1, ("model_download_total_bytes", "a"): 4,
            ("model_download_bytes", "b"): 1, ("model_download_total_bytes", "b"): 2,
        }  # fmt: skip
    first(4, 4)  # a late report
    assert (downloads.current(), downloads.note(), list(downloads.readings())) == ((), "", [])


def test_a_fetch_is_shown_as_the_share_of_its_whole_model(tmp_path: Path) -> None:
    (tmp_path / "first.bin").write_bytes(DATA)
    shown: list[Download] = []
    with publisher() as (address, _), Fetcher() as fetcher:
        files = (
            ModelFile("first.bin", len(DATA), SHA256),
            ModelFile("a/model.bin", len(DATA), SHA256, f"{address}/a/model.bin"),
        )
        whole = Model("m", "voice", ("en",), Licence("MIT"), "somebody", files)
        fetcher.fetch(whole, tmp_path, lambda name, have, total: shown.extend(DOWNLOADS.current()))
    assert {one.total for one in shown} == {2 * len(DATA)}
    assert [one.have for one in shown] == sorted(one.have for one in shown)
    assert shown[0].have > len(DATA)
    assert shown[-1].have == 2 * len(DATA)
    assert DOWNLOADS.current() == ()


def test_a_fetch_that_failed_is_no_longer_shown(tmp_path: Path) -> None:
    with Fetcher() as fetcher, pytest.raises(EngineError):
        fetcher.fetch(model("http://127.0.0.1:9/model.bin"), tmp_path)
    assert DOWNLOADS.current() == ()
