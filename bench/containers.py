"""How long the containers take to come up and to come back, and their memory and images. Prints Markdown.

    python -m bench.containers [--compose "docker compose"] [--profile cpu]

The images are built and docker/.env is made, as docs/deployment.md says, and nothing of it runs. It is started, each
process is killed once, for which it has to run as root, and all is stopped; data are kept.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import subprocess
import time
from typing import Any

from bench.machine import machine

FILE = "docker/docker-compose.dgx.yml"
PATIENCE = 300.0


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout


def inspected(container: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(docker("inspect", container))[0]
    return found


def is_ready(container: str) -> bool:
    """Whether its own check says so; asked at once, not at the next turn of Docker's."""
    if not inspected(container)["State"]["Running"]:
        return False
    test = inspected(container)["Config"]["Healthcheck"]["Test"][1:]
    return subprocess.run(["docker", "exec", container, *test], capture_output=True, check=False).returncode == 0


def wait_until_ready(container: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_ready(container):
        if time.monotonic() > deadline:
            raise SystemExit(f"{container} is not ready after {PATIENCE:.0f} s")
        time.sleep(0.1)


def memory(container: str) -> str:
    """What the container holds, without the cache of files."""
    return docker("stats", "--no-stream", "--format", "{{.MemUsage}}", container).split("/")[0].strip()


def kill(container: str) -> float:
    """Kill the container's first process; returns the seconds until it is ready again."""
    before = inspected(container)["RestartCount"]
    os.kill(int(inspected(container)["State"]["Pid"]), signal.SIGKILL)
    began = time.monotonic()
    while inspected(container)["RestartCount"] == before and time.monotonic() - began < PATIENCE:
        time.sleep(0.05)
    wait_until_ready(container)
    return time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compose", default="docker compose", help="the command of Docker Compose")
    parser.add_argument("--profile", default="cpu")
    arguments = parser.parse_args()
    compose = [*shlex.split(arguments.compose), "-f", FILE, "--profile", arguments.profile]

    def run(*words: str) -> str:
        return subprocess.run([*compose, *words], check=True, stdout=subprocess.PIPE, text=True).stdout

    print(f"{machine()}\n")
    began = time.monotonic()
    run("up", "-d")
    containers = [one for one in run("ps", "-q").split() if inspected(one)["State"]["Running"]]
    for container in containers:
        wait_until_ready(container)
    print(f"All ready {time.monotonic() - began:.0f} s after `up`.\n")
    print("| container | memory | killed, ready again after | image |\n|---|---|---|---|")
    for container in containers:
        about = inspected(container)
        image, held = about["Config"]["Image"], memory(container)
        size = int(docker("image", "inspect", "-f", "{{.Size}}", about["Image"])) / 1e6
        name = about["Config"]["Labels"]["com.docker.compose.service"]
        print(f"| {name} | {held} | {kill(container):.1f} s | {image.split(':')[0]}, {size:.0f} MB |", flush=True)
    began = time.monotonic()
    run("down")
    print(f"\n`down` took {time.monotonic() - began:.0f} s.")


if __name__ == "__main__":
    main()
