"""Power cuts: `python -m tests.chaos.power_cut [--cuts N] [--bytes N]`; exit status 1 if anything is left open.

Persons talk; again and again the folders are copied as they lie on the disk, in the middle of replies. Each copy is
then started on its own, half of them with the end of the log or of the sounds cut off as well, as a server that syncs
at an interval may lose it. Every question on the log has to be answered then, and every reply and every sound to end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import random
import shutil
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from bus.errors import BusError
from bus.log.event_log import connect
from tests.chaos.audit import Audit, audit_log, findings, read_log, unfinished_work
from tests.chaos.deployment import Deployment
from tests.chaos.language_model import language_model
from tests.chaos.persons import Person

WORKERS = ("dialogue-a", "tts-a", "gateway")
SETTINGS = {"analytics": "off", "tts_engine": "espeak"}
_PERSONS = 4
_PATIENCE = 150.0


def _ignore_what_vanishes(source: str, target: str) -> str:
    try:
        return shutil.copy2(source, target)
    except FileNotFoundError:
        return target


def copy_image(folder: Path, image: Path) -> None:
    """Copy the folders of a running system."""
    for name in ("nats", "data"):
        shutil.copytree(folder / name, image / name, copy_function=_ignore_what_vanishes, dirs_exist_ok=True)


def cut_end(image: Path, stream: str, count: int) -> None:
    """Cut so many bytes off the end of a stream."""
    folder = image / "nats/jetstream/jetstream/$G/streams" / stream / "msgs"
    (folder / "index.db").unlink(missing_ok=True)
    newest = max((one for one in folder.glob("*.blk") if one.stat().st_size), key=lambda one: int(one.stem))
    os.truncate(newest, max(0, newest.stat().st_size - count))


async def talk(folder: Path, model: str, cuts: int, seed: int) -> list[Path]:
    """Let persons talk, and take images meanwhile."""
    images: list[Path] = []
    deployment = Deployment(folder, model, WORKERS, SETTINGS)
    async with deployment.running(), connect(deployment.settings, name="world") as event_log:
        persons = [Person(deployment.base, event_log, seed, one, watches=False) for one in range(_PERSONS)]

        async def talking(person: Person) -> None:
            await person.open()
            while True:
                await person.take_turn(spoken=False)

        tasks = [asyncio.create_task(talking(person)) for person in persons]
        try:
            while sum(map(len, (await _messages(deployment.url)).values())) < 2 * _PERSONS:
                await asyncio.sleep(0.5)
            for number in range(cuts):
                await asyncio.sleep(random.Random(f"{seed}-{number}").uniform(0.5, 2.5))
                image = folder.parent / f"image{number}"
                await asyncio.to_thread(copy_image, folder, image)
                images.append(image)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for person in persons:
                await person.close()
    return images


async def _messages(url: str) -> dict[str, set[str]]:
    """The messages on the log, by conversation."""
    return _sent((await read_log(url))["CONVERSATIONS"])


def _sent(facts: list[tuple[int, str, bytes]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for _, _, data in facts:
        fact = json.loads(data)
        if fact["body"]["type"] == "message.received":
            found[fact["conversation"]].add(fact["body"]["message"])
    return found


async def start(image: Path, model: str) -> tuple[Audit, list[str]]:
    """Start everything on an image; what is wrong once all is quiet, or after a while."""
    deployment = Deployment(image, model, WORKERS, SETTINGS)
    async with deployment.running():
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            await asyncio.sleep(2)
            wrong = await unfinished_work(deployment.url, 20)
            try:
                log = await read_log(deployment.url)
            except BusError:
                continue
            audit = audit_log(log, _sent(log["CONVERSATIONS"]))
            wrong += list(findings(audit))
            if not wrong or loop.time() - began > _PATIENCE:
                return audit, wrong


async def run(folder: Path, *, cuts: int, cut_bytes: int, seed: int) -> int:
    """Talk, cut and start again; returns the number of findings."""
    count = 0
    async with language_model() as model:
        images = await talk(folder / "talk", model, cuts, seed)
        for number, image in enumerate(images):
            lost = ""
            if number % 2:
                stream = ("CONVERSATIONS", "AUDIO")[number // 2 % 2]
                lost = f", {cut_bytes} bytes of {stream} cut off"
                cut_end(image, stream, cut_bytes)
            audit, wrong = await start(image, model)
            print(
                f"image {number}{lost}: {audit.turns} questions, {audit.complete} answered whole, {audit.interrupted} "
                f"interrupted, {audit.take_overs} taken over, {len(wrong)} findings", flush=True,
            )  # fmt: skip
            for line in wrong:
                print(f"  {line}", file=sys.stderr, flush=True)
            count += len(wrong)
    return count


def main() -> int:
    description = (__doc__ or "").split("\n", 1)[0]
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.power_cut", description=description)
    parser.add_argument("--cuts", type=int, default=6)
    parser.add_argument("--bytes", type=int, default=6_000, help="that are cut off the end")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for the images and the output of the services")
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # from this process's own clients, whose server is killed
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        (folder / "talk").mkdir(parents=True, exist_ok=True)
        return 1 if asyncio.run(run(folder, cuts=options.cuts, cut_bytes=options.bytes, seed=options.seed)) else 0


if __name__ == "__main__":
    sys.exit(main())
