"""The process that serves a language model, run with a tiny model of random weights."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bus.errors import EngineError
from bus.events import CharacterCreated
from bus.process.lifecycle import EXIT_CONFIGURATION
from bus.settings import Settings
from services.dialogue.__main__ import local_chat
from services.dialogue.engine import ChatRequest
from services.dialogue.local_model.engine import LocalModel
from services.dialogue.local_model.server import NICENESS, thread_count
from services.dialogue.openai import OpenAI
from tests.conftest import free_port
from tests.gguf import write_tiny_model

pytest.importorskip("xllamacpp", reason="the extra mind is not installed")

ADA = CharacterCreated(name="Ada", tagline="t", personality="p", greeting="g", look="l", voice="female")
REQUEST = ChatRequest(text="hello", at=1, character=ADA, seed=7)


class Fallback:
    """Answers in place of the model."""

    name = "fallback"
    deterministic = True
    writes_slowly = False

    async def stream(self, request: ChatRequest) -> AsyncIterator[str]:
        yield f"You said {request.text}."


@contextmanager
def process(file: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("VISAVIS_")},
        "VISAVIS_LLM_FILE": str(file),
        "VISAVIS_LLM_PORT": str(port),
    }
    command = [sys.executable, "-m", "services.dialogue.local_model"]
    started = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


def wait_until_ready(started: subprocess.Popen[str]) -> list[str]:
    """The lines up to the one that says that it is ready."""
    assert started.stdout is not None
    lines = []
    for line in started.stdout:
        lines.append(line)
        if "language model ready" in line:
            return lines
    raise AssertionError("".join(lines))


async def pieces(chat: LocalModel, request: ChatRequest = REQUEST) -> str:
    return "".join([piece async for piece in chat.stream(request) if isinstance(piece, str)])


async def test_it_serves_a_model_until_it_is_told_to_stop(tmp_path: Path) -> None:
    port = free_port()
    with process(write_tiny_model(tmp_path / "tiny.gguf"), port) as started:
        lines = await asyncio.to_thread(wait_until_ready, started)
        assert f"file={tmp_path / 'tiny.gguf'} licence=its publisher's" in lines[0]
        assert os.getpriority(os.PRIO_PROCESS, started.pid) == os.getpriority(os.PRIO_PROCESS, 0) + NICENESS
        client = OpenAI(f"http://127.0.0.1:{port}/v1")
        assert await client.models() == ["tiny"]
        chat = LocalModel(client, Fallback(), "local:tiny")
        answer = await pieces(chat)
        assert answer
        assert "You said" not in answer
        await client.evaluate(REQUEST)
        started.send_signal(signal.SIGTERM)
        output, _ = await asyncio.to_thread(started.communicate, timeout=20)
        assert started.returncode == 0
        assert "hello" not in "".join(lines) + output  # what people say is never logged
        assert await pieces(chat) == "You said hello."
        await chat.close()


async def test_a_model_that_was_lost_in_the_middle_of_a_reply_ends_it_there(tmp_path: Path) -> None:
    client = OpenAI(f"http://127.0.0.1:{free_port()}/v1", model="tiny")
    chat = LocalModel(client, Fallback(), "local:tiny")
    request = ChatRequest(text="hello", at=1, character=ADA, reply_so_far=("Once upon a time.",))
    assert await pieces(chat, request) == ""
    with pytest.raises(EngineError, match="cannot be reached"):
        await client.evaluate(REQUEST)
    await chat.close()


@pytest.mark.parametrize(
    ("text", "language", "part"),
    [("i want to kill myself", "en", "number"), ("what is seven times eight", "en", "56"),
     ("what time is it", "en", "8:05"), ("hallo wie heißt du", "de", "Ada")],
)  # fmt: skip
async def test_what_a_small_model_gets_wrong_is_answered_by_the_companion(
    tmp_path: Path, text: str, language: str, part: str
) -> None:
    chat = local_chat(Settings(models=str(tmp_path), llm_port=free_port()), UTC)
    at = int(datetime(2026, 11, 28, 8, 5, tzinfo=UTC).timestamp() * 1_000_000)
    request = ChatRequest(text=text, at=at, language=language, character=ADA)
    assert part.lower() in (await pieces(chat, request)).lower()
    assert chat.name.startswith("local:")  # the model, which is not there, was not asked
    await chat.close()


async def test_the_fallback_answers_until_the_server_is_there(tmp_path: Path) -> None:
    port = free_port()
    client = OpenAI(f"http://127.0.0.1:{port}/v1", model="tiny")
    chat = LocalModel(client, Fallback(), "local:tiny", retry_seconds=0.05)
    assert (chat.name, chat.serving(), chat.note()) == ("local:tiny", "", "")
    assert await pieces(chat) == "You said hello."
    assert (chat.name, chat.serving()) == ("fallback", "fallback")
    assert chat.note() == "the language model loads or is busy, the fallback answers"
    with process(write_tiny_model(tmp_path / "tiny.gguf"), port) as started:
        await asyncio.to_thread(wait_until_ready, started)
        async with asyncio.timeout(30):
            while chat.name == "fallback":
                await asyncio.sleep(0.05)
        assert chat.note() == ""
        assert "You said" not in await pieces(chat)
    await chat.close()


def test_a_file_that_llama_cpp_cannot_load_is_named_and_not_tried_again(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(write_tiny_model(tmp_path / "tiny.gguf").read_bytes()[:2000])
    with process(broken, free_port()) as started:
        output, _ = started.communicate(timeout=60)
    assert started.returncode == EXIT_CONFIGURATION
    assert f"llama.cpp cannot load {broken}" in output
    assert "Traceback" not in output


def test_a_taken_port_is_named_with_its_setting(tmp_path: Path) -> None:
    file, port = write_tiny_model(tmp_path / "tiny.gguf"), free_port()
    with process(file, port) as first:
        wait_until_ready(first)
        with process(file, port) as second:
            output, _ = second.communicate(timeout=60)
    assert second.returncode == EXIT_CONFIGURATION
    assert "set VISAVIS_LLM_PORT" in output


def test_one_core_is_left_to_the_voice_and_the_face() -> None:
    assert [thread_count(cores) for cores in (1, 2, 4, 64)] == [1, 1, 3, 8]


@pytest.mark.parametrize("leader", [True, False])
def test_the_priority_of_a_session_of_its_own_is_lowered_and_that_of_others_kept(tmp_path: Path, leader: bool) -> None:
    group = tmp_path / "autogroup"
    program = (
        "from pathlib import Path; from services.dialogue.local_model.server import lower_priority; "
        f"lower_priority(3, Path({str(group)!r}))"
    )
    subprocess.run([sys.executable, "-c", program], start_new_session=leader, check=True)
    assert group.exists() == leader
    assert not leader or group.read_text() == "3"
