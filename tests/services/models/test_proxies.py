"""Downloads through the proxies of the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.models.files import ModelFile
from services.models.sources import SourceFailed, client, download


def test_a_proxy_that_cannot_be_used_fails_the_download_in_one_line_and_not_the_service(tmp_path: Path) -> None:
    file = ModelFile(path="x", sha256="0" * 64, bytes=1, url="https://models.example.com/x")
    with client({"ALL_PROXY": "socks://127.0.0.1:1"}) as made, pytest.raises(SourceFailed, match="ALL_PROXY") as caught:
        download(made, file, "https://models.example.com", tmp_path / "x.part", lambda name, done, total: None)
    assert caught.value.permanent
