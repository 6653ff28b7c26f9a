"""A restored log that takes the place of the one that was there, cut off anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from bus.errors import ConfigurationError
from visavis.nats.store import has_log, has_messages, put_in_place
from visavis.up import lock_data_folder


def store(folder: Path, words: str) -> Path:
    messages = folder / "jetstream/jetstream/$G/streams/CONVERSATIONS/msgs"
    messages.mkdir(parents=True)
    (messages / "1.blk").write_text(words)
    return folder


def words_in(folder: Path) -> str:
    return next(folder.glob("jetstream/jetstream/*/streams/*/msgs/1.blk")).read_text()


@pytest.mark.parametrize("done", [1, 2])
def test_a_restore_that_is_cut_off_is_finished_at_the_next_start(
    tmp_path: Path, done: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(tmp_path / "nats", "old")
    fresh = store(tmp_path / "nats.restoring", "restored")
    renamed: list[str] = []
    rename = Path.rename

    def cut_off(path: Path, target: Path) -> Path:
        if len(renamed) == done:
            raise KeyboardInterrupt
        renamed.append(path.name)
        return rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", cut_off)
        with pytest.raises(KeyboardInterrupt):
            put_in_place(tmp_path, fresh)
    assert renamed == ["nats.restoring", "nats"][:done]
    assert has_log(tmp_path)
    with lock_data_folder(tmp_path):
        assert words_in(tmp_path / "nats") == "restored"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["lock", "nats", "nats.before-restore"]
    assert words_in(tmp_path / "nats.before-restore") == "old"
    with lock_data_folder(tmp_path):  # and nothing is left to do
        assert words_in(tmp_path / "nats") == "restored"


def test_a_part_of_a_log_never_takes_the_place_of_one(tmp_path: Path) -> None:
    store(tmp_path / "nats.restoring", "part")
    assert not has_log(tmp_path)
    with lock_data_folder(tmp_path):
        assert not (tmp_path / "nats").exists()


def test_a_log_that_cannot_take_its_place_is_named_and_stays(tmp_path: Path) -> None:
    fresh = store(tmp_path / "nats.restoring", "restored")
    (tmp_path / "nats").write_text("a file")
    with pytest.raises(ConfigurationError, match=r"nats\.restored cannot become .*nats"):
        put_in_place(tmp_path, fresh)
    (tmp_path / "nats").unlink()
    with lock_data_folder(tmp_path):
        assert has_messages(tmp_path / "nats")
