"""The image of the gateway, built and run by the Docker engine of this machine."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
IMAGE = "visavis-gateway"
TRIED = f"{IMAGE}:tried"
# The newer builder is a plug-in that not every engine has.
ENVIRONMENT = {**os.environ, "DOCKER_BUILDKIT": "0"}


def docker(*arguments: str, timeout: float = 1800) -> str:
    done = subprocess.run(
        ["docker", *arguments], env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=timeout
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def why_not() -> str | None:
    """Why the image cannot be built here from what is here."""
    try:
        run = subprocess.run(["docker", "image", "ls", "-q", IMAGE], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return "there is no docker command that answers"
    if run.returncode:
        return "no Docker engine answers"
    if not run.stdout.strip():
        return f"tests fetch no base images and no packages: build {IMAGE} once, then this builds it from what is here"
    return None


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    if reason := why_not():
        pytest.skip(reason)
    docker("build", "-q", "-t", TRIED, "-f", "docker/gateway/Dockerfile", str(ROOT))
    yield TRIED
    docker("image", "rm", TRIED)


@pytest.fixture
def container(image: str) -> Iterator[str]:
    """All of Visavis in one container that may write nothing but its volumes and its own /tmp."""
    name = docker(
        "run", "--detach", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--publish", "127.0.0.1::8080",
        "--env", "VISAVIS_MODEL_DOWNLOADS=off", image, "up",
    )  # fmt: skip
    yield name
    docker("rm", "--force", "--volumes", name)


def state(container: str) -> Any:
    return json.loads(docker("inspect", "--format", "{{json .State}}", container))


def test_one_container_serves_the_page_as_nobody_special_and_ends_cleanly(container: str) -> None:
    deadline = time.monotonic() + 180
    while state(container)["Health"]["Status"] != "healthy":
        assert state(container)["Running"], docker("logs", container)
        assert time.monotonic() < deadline, docker("logs", container)
        time.sleep(0.5)
    address = docker("port", container, "8080").splitlines()[0]
    with urllib.request.urlopen(f"http://{address}/", timeout=30) as answer:
        assert b"<title>Visavis</title>" in answer.read()
    asked = urllib.request.Request(f"http://{address}/api/status")
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(asked, timeout=30)
    asked.add_header("Authorization", f"Bearer {docker('exec', container, 'visavis', 'keys', 'operator')}")
    with urllib.request.urlopen(asked, timeout=30) as answer:
        assert json.load(answer)["bus"] == "up"
    assert docker("exec", container, "id", "-u") == "10001"
    docker("stop", "--time", "60", container)
    assert state(container)["ExitCode"] == 0
