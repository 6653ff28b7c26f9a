"""The cost of the language model on this machine: `python -m bench.local_model [--file MODEL.gguf]`.

Time to load, time to the first token and to the first sentence, tokens a second and memory, with one thread and with
two; alone, and beside a face that is drawn and encoded 25 times a second in another process, whose late frames are
counted. The talk is the product's: its prompt, its history, and its preparation of the next request after each answer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine import line, machine, percentiles, table
from bus.events import FRAMES_PER_SECOND
from bus.settings import Settings, read_settings
from projections.conversation import Message
from services.dialogue.companion.engine import Companion
from services.dialogue.engine import ChatRequest
from services.dialogue.local_model import files
from services.dialogue.local_model.engine import HISTORY_CHARACTERS, LocalModel, as_remembered
from services.dialogue.local_model.server import NICENESS, lower_priority, start
from services.dialogue.openai import OpenAI
from services.dialogue.segmenter import ReplySegmenter
from services.render.builtin_characters import BUILTIN_CHARACTERS
from tests.conftest import free_port

QUESTIONS = (
    "hello", "what is your name", "how are you today", "tell me something about the sea", "why is the sky blue",
    "i had a long day at work", "what should i cook tonight", "tell me a joke",
)  # fmt: skip
SPOKEN_SECONDS = 2.0
"""Between two questions: the answer is heard, and the next request prepared."""
LATE = 1 / FRAMES_PER_SECOND
_PATIENCE = 120.0


@dataclass
class Talk:
    """What one conversation took, in seconds."""

    first_token: list[float] = field(default_factory=list)
    first_sentence: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    """Tokens a second of each answer, after its first token."""


def serve(file: str, port: int, threads: int, niceness: int) -> None:
    """Serve the model in this process, as the product does, until it is killed."""
    lower_priority(niceness)
    start(Path(file), name="model", port=port, threads=threads)
    print("ready", flush=True)
    time.sleep(3600)


def draw_until_told() -> None:
    """Draw and encode a talking face 25 times a second until standard input ends; prints frames and late frames."""
    from bench.render import encoder, poses
    from services.render.layered.renderer import LayeredRenderer

    face, encode, wanted = LayeredRenderer(512).face("milo"), encoder(512), poses(250)
    frames = late = 0
    began = time.monotonic()
    while not select.select([sys.stdin], [], [], 0)[0]:
        due = began + frames / FRAMES_PER_SECOND
        time.sleep(max(0.0, due - time.monotonic()))
        encode.encode(face.render([wanted[frames % len(wanted)]]), key=frames % 50 == 0)
        frames += 1
        late += time.monotonic() - due > LATE
        if time.monotonic() - due > 1.0:
            began = time.monotonic() - frames / FRAMES_PER_SECOND  # what was missed is not made up for
    print(json.dumps([frames, late]))


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """This module in a process and session of its own."""
    command = [sys.executable, "-m", "bench.local_model", *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    started = subprocess.Popen(command, text=True, start_new_session=True, **pipes)  # type: ignore[call-overload]
    try:
        yield started
    finally:
        started.kill()
        started.wait()


async def talk(url: str, turns: int) -> Talk:
    """Ask the questions one after the other, with the history of their answers."""
    ada, *others = BUILTIN_CHARACTERS.values()
    client = OpenAI(url, first_token_timeout=_PATIENCE, history_characters=HISTORY_CHARACTERS)
    chat = LocalModel(client, Companion(), "local")
    nobody = ChatRequest(text="", at=0, character=ada)
    await client.evaluate(nobody)  # as the process does at its start
    measured, history = Talk(), list[Message]()
    for number in range(turns):
        text, names = QUESTIONS[number % len(QUESTIONS)], tuple(one.name for one in others)
        request = ChatRequest(text=text, at=1, character=ada, others=names, history=tuple(history), seed=number)
        answer = await _ask(chat, request, measured)
        history += [Message("user", text), as_remembered(answer, "en")]
        await asyncio.sleep(SPOKEN_SECONDS)
    await chat.close()
    return measured


async def _ask(chat: LocalModel, request: ChatRequest, measured: Talk) -> str:
    segmenter, answer, pieces, sentence = ReplySegmenter("en", early=chat.writes_slowly), "", 0, False
    began = first = time.monotonic()
    async for piece in chat.stream(request):
        if not isinstance(piece, str):
            continue
        now = time.monotonic()
        if not pieces:
            first = now
            measured.first_token.append(now - began)
        answer += piece
        pieces += 1
        if not sentence and segmenter.push(piece):
            sentence = True
            measured.first_sentence.append(now - began)
    ended = time.monotonic()
    if not sentence:
        measured.first_sentence.append(ended - began)
    if pieces > 1:
        measured.rates.append((pieces - 1) / (ended - first))
    return answer


def measure(file: str, threads: int, turns: int, niceness: int, *, face: bool) -> list[str]:
    """One line of the table."""
    port = free_port()
    began = time.monotonic()
    with process("--serve", str(threads), "--port", str(port), "--file", file, "--niceness", str(niceness)) as server:
        assert server.stdout is not None
        server.stdout.readline()
        loaded = time.monotonic() - began
        late = "–"
        if face:
            with process("--face") as drawing:
                measured = asyncio.run(talk(f"http://{files.HOST}:{port}/v1", turns))
                frames, count = json.loads(drawing.communicate("stop\n", timeout=30)[0])
                late = f"{100 * count / frames:.1f} %"
        else:
            measured = asyncio.run(talk(f"http://{files.HOST}:{port}/v1", turns))
        status = Path(f"/proc/{server.pid}/status").read_text()
    memory = int(status.split("VmRSS:")[1].split()[0]) / 1024
    cold, *warm = measured.first_token
    sentences = measured.first_sentence[1:]
    return [
        f"{threads}", "beside a face" if face else "alone", f"{loaded:.1f}", f"{cold:.2f}",
        *(f"{value:.2f}" for value in (*percentiles(warm, 50, 95), *percentiles(sentences, 50, 95))),
        f"{percentiles(measured.rates, 50)[0]:.1f}", f"{memory:.0f}", late,
    ]  # fmt: skip


def face_alone(seconds: float = 10.0) -> str:
    """Late frames of the face without a language model: what the rest of this machine does to it."""
    with process("--face") as drawing:
        time.sleep(seconds)
        frames, late = json.loads(drawing.communicate("stop\n", timeout=30)[0])
    return f"{100 * late / frames:.1f} %"


def default_file(settings: Settings) -> str:
    return str(files.model_file(settings))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", default="", help="a GGUF file; default: the product's")
    parser.add_argument("--turns", type=int, default=len(QUESTIONS))
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--niceness", type=int, default=NICENESS, help="0 on a machine that is busy with other things")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--face", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.face:
        draw_until_told()
        return 0
    file = arguments.file or default_file(read_settings(os.environ))
    if arguments.serve:
        serve(file, arguments.port, arguments.serve, arguments.niceness)
        return 0
    where = machine()
    baseline = face_alone()
    head = [
        "threads", "", "loaded, s", "first token cold, s", "warm p50", "p95", "first sentence p50", "p95", "tokens/s",
        "memory, MiB", "late frames",
    ]  # fmt: skip
    print(f"{where}; {Path(file).name}, niceness {arguments.niceness}; late frames of the face alone: {baseline}\n")
    print(table(head, []), flush=True)
    for threads in arguments.threads:
        for face in (False, True):
            print(line(measure(file, threads, arguments.turns, arguments.niceness, face=face)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
