"""The commands, settings, files and headings that the README, CONTRIBUTING and docs/ name exist."""

from __future__ import annotations

import argparse
import importlib.util
import re
import shlex
import struct
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import msgspec
import pytest

import projections.__main__
import visavis.__main__
from bus.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
_PROMPT = re.compile(rf"^(?:{PREFIX}\w+=\S+ )*(?:\.venv/bin/)?(?=(?:make|visavis|python) [\w-])")
PROGRAMS = (
    "python -m projections", "visavis fold", "visavis dead", "visavis dead requeue", "visavis dead drop",
    "visavis note", "visavis verify", "visavis truth", "visavis rerun", "visavis export", "visavis import",
    "visavis replay", "visavis backup", "visavis restore", "visavis restore --replace", "visavis keys create",
    "visavis keys revoke",
)  # fmt: skip
"""Names of programs, without the arguments that a call needs."""
FOLDERS = (
    "bus", "services", "projections", "visavis", "ui", "docs", "docker", "bench", "tests", "bin", ".ci", "examples",
)  # fmt: skip
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def commands(text: str) -> Iterator[list[str]]:
    """The calls of make, visavis and python in code blocks and code spans, without settings and comments."""
    blocks = re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", re.sub(r"^```\n.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    for line in lines:
        call = re.split(r" {2,}|\s#", line)[0]
        if _PROMPT.match(call):
            yield shlex.split(_PROMPT.sub("", call))


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def parses(parser: argparse.ArgumentParser, words: list[str]) -> bool:
    try:
        parser.parse_args(words)
    except SystemExit:
        return False
    return True


def works(command: list[str]) -> bool:
    """Whether the command exists and takes these arguments."""
    match command:
        case ["make", *words]:
            return bool(words) and set(words) <= targets()
        case ["visavis", "fold", *words] | ["python", "-m", "projections", *words]:
            return parses(projections.__main__._parser(), words)
        case ["visavis", *words]:
            return parses(visavis.__main__.command_line(), words)
        case ["python", "-m", module, *_]:
            return bool(importlib.util.find_spec(module.replace(".*", "")))
        case ["python", script, *_] if script.endswith(".py"):
            return (ROOT / script).is_file()
        case _:
            return False


@pytest.mark.parametrize("name", NAMES)
def test_every_command_named_exists_and_takes_its_arguments(name: str) -> None:
    for command in commands((ROOT / name).read_text()):
        assert works(command) or shlex.join(command) in PROGRAMS, shlex.join(command)


def test_the_readme_names_the_first_commands() -> None:
    named = [shlex.join(command) for command in commands(README.read_text())]
    for wanted in ("make up", "make test", "visavis doctor", "visavis tail", "visavis fold rebuild --check"):
        assert wanted in named


def test_an_unknown_command_is_found() -> None:
    text = "```\nVISAVIS_PORT=1 make down    # stop\n```\n`visavis tail --sideways`, `python -m nowhere`, `python a.py`"
    assert [works(command) for command in commands(text)] == [False, False, False, False]


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", NAMES)
def test_every_link_has_a_target(name: str) -> None:
    page = ROOT / name
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"https?:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_file(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


def missing_paths(text: str) -> list[str]:
    """The paths in backticks, from the root of the repository, that are not there."""
    folders = "|".join(map(re.escape, FOLDERS))
    path = rf"(?:{folders})/[\w./-]*|\w[\w.-]*\.(?:toml|txt|yml|md)"
    return [named for named in re.findall(rf"`({path})`", text) if not (ROOT / named).exists()]


@pytest.mark.parametrize("name", NAMES)
def test_every_path_named_is_there(name: str) -> None:
    assert missing_paths((ROOT / name).read_text()) == [], f"{name} names files that are not there; put the new paths"


def test_a_path_that_is_not_there_is_noticed() -> None:
    text = "`bus/events.py`, `bus/gone.py`, `bus/`, `.ci/run`, `.ci/gone`, `pyproject.toml`, `gone.toml`, `data/x`"
    assert missing_paths(text) == ["bus/gone.py", ".ci/gone", "gone.toml"]


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_named_exists(name: str) -> None:
    known = {PREFIX + field.name.upper() for field in msgspec.structs.fields(Settings)}
    assert set(re.findall(rf"\b{PREFIX}[A-Z_]*[A-Z]", (ROOT / name).read_text())) <= known


def test_the_readme_is_one_page_with_links_to_the_others() -> None:
    text = README.read_text()
    assert len(text.splitlines()) <= 90
    for page in ("architecture", "events", "api", "deployment", "settings", "operations", "licences"):
        assert f"(docs/{page}.md)" in text


def test_the_screenshot_is_a_picture_of_the_page_as_a_desktop_shows_it() -> None:
    data = (ROOT / "docs" / "screenshot.png").read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", data[16:24]) == (1280, 800)
