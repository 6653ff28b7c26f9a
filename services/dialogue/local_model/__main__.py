"""The local language model as a process: `python -m services.dialogue.local_model`.

Serves one model on loopback with OpenAI's protocol, until SIGTERM or SIGINT. Needs no NATS.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time

from bus.errors import EngineError
from bus.events import CharacterCreated
from bus.process.http_server import bind
from bus.process.lifecycle import run_process, run_until_signalled
from bus.settings import PREFIX, Settings
from services.dialogue.engine import ChatRequest
from services.dialogue.local_model import files
from services.dialogue.local_model.server import lower_priority, start, thread_count
from services.dialogue.openai import OpenAI
from services.models.catalogue import MIND

log = logging.getLogger(__name__)


async def run(settings: Settings) -> None:
    """Serve the model that the settings name.

    Raises:
        ConfigurationError: there is no such model, llama.cpp cannot load it, or its port is taken.
    """
    # A taken port is found before a gigabyte is read.
    bind(files.HOST, settings.llm_port, f"{PREFIX}LLM_PORT").close()
    lower_priority()
    await run_until_signalled(_serve(settings))


async def _serve(settings: Settings) -> None:
    began = time.monotonic()
    file = await asyncio.to_thread(files.model_file, settings)
    licence = "its publisher's" if settings.llm_file else MIND.licence.name
    log.info("loading language model", extra={"file": str(file), "licence": licence})
    threads = thread_count(len(os.sched_getaffinity(0)))
    name = files.name(settings)
    address = await asyncio.to_thread(start, file, name=name, port=settings.llm_port, threads=threads)
    await _evaluate_instructions(address, name)
    took = f"{time.monotonic() - began:.1f}"
    log.info("language model ready", extra={"at": address, "threads": threads, "seconds": took})
    await asyncio.Event().wait()


async def _evaluate_instructions(address: str, name: str) -> None:
    """Let the server evaluate what the prompts of all characters begin with, so that no first answer waits for it."""
    nobody = CharacterCreated(name="", tagline="", personality="", greeting="", look="", voice="")
    client = OpenAI(f"{address}/v1", model=name)
    try:
        await client.evaluate(ChatRequest(text="", at=0, character=nobody))
    except EngineError as error:
        log.warning("instructions not evaluated", extra={"why": error.detail})
    finally:
        await client.close()


if __name__ == "__main__":
    status = run_process(run)
    logging.shutdown()
    os._exit(status)  # see `server.start`
