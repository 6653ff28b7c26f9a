"""What `make up` installs is pinned by hash, in the versions that everything else is pinned to."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text().replace("\\\n", "")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def name_of(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[=\[<>~; ]", requirement)[0]).lower()


def version_of(requirement: str) -> str:
    return requirement.split("==")[1].split()[0]


def test_every_package_of_the_lock_has_hashes_and_the_version_of_the_constraints() -> None:
    locked = [line for line in LOCK.splitlines() if line and not line.startswith(("#", " "))]
    assert [line for line in locked if "--hash=sha256:" not in line] == []
    versions = {(name_of(line), version_of(line)) for line in locked}
    constraints = (ROOT / "constraints.txt").read_text().splitlines()
    constrained = {(name_of(line), version_of(line)) for line in constraints}
    names = {name for name, _ in constrained}
    assert {one for one in versions if one[0] in names} - constrained == set()
    project = PROJECT["project"]
    extra = project["optional-dependencies"]["espeak"]
    direct = {*project["dependencies"], *extra, *PROJECT["build-system"]["requires"]}
    assert {(name_of(line), version_of(line)) for line in direct} - versions == set()


def test_make_installs_the_lock_and_nothing_that_has_no_hash() -> None:
    rule = (ROOT / "Makefile").read_text().partition("\n.venv/installed:")[2].partition("@touch")[0]
    installs = [line for line in rule.splitlines() if "pip install" in line]
    assert len(installs) == 2
    assert "--require-hashes -r requirements.lock" in installs[0]
    assert "--no-deps --no-build-isolation" in installs[1]
