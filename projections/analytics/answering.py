"""Answers ready questions in a process of its own: `python -m projections.analytics.answering QUESTION|all SINCE`.

The gateway asks so: DuckDB never blocks its loop, and its memory goes when the question is answered. Prints JSON.
"""

from __future__ import annotations

import asyncio
import os
import sys

import msgspec

from bus.errors import BusError, InvalidInput, NotFound, VisavisError
from bus.settings import Settings, read_settings
from projections.analytics.places import analytics_folder
from projections.analytics.requests import FLUSH_WAIT, request
from projections.moment import parse_time

_PATIENCE = 45.0
"""Seconds for an answer."""


async def answer_apart(settings: Settings, question: str, since: str) -> bytes:
    """The answer to a ready question, or a list of those to all, as JSON, from a process of its own.

    Raises:
        InvalidInput: there is no such question, no such time, or there are no tables.
        BusError: the process failed.
    """
    if "\0" in question + since:  # no process takes it as an argument
        raise InvalidInput("a question and a time have no NUL in them")
    environment = {**os.environ, "VISAVIS_DATA": settings.data, "VISAVIS_LLM_PRICES": settings.llm_prices}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, question, since, env=environment,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_PATIENCE):
            output, errors = await process.communicate()
    except TimeoutError as error:
        raise BusError(f"the analytics took longer than {_PATIENCE:g} s", code="unavailable") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == 0:
        return output
    lines = errors.decode(errors="replace").strip().splitlines() or ["no answer"]
    detail = lines[-1].removeprefix("error: ")
    if process.returncode == 2:
        raise InvalidInput(detail)
    if process.returncode == 3:
        raise NotFound(detail)
    raise BusError(f"the analytics did not answer: {detail}", code="unavailable")


def main(question: str, since: str) -> int:
    """Print the answer; 0 done, 2 wrong input, 3 nothing there, 1 another failure."""
    from projections.analytics import questions
    from projections.analytics.database import Database, parse_prices

    try:
        os.nice(5)
        settings = read_settings(os.environ)
        names = [*questions.QUESTIONS] if question == "all" else [question]
        asked, moment = [*map(questions.question, names)], parse_time(since)
        folder = analytics_folder(settings)
        request(folder, "flush", wait=FLUSH_WAIT)
        database = Database(folder, parse_prices(settings.llm_prices))
        pictures = [questions.picture(one, questions.ask(database, one.name, moment)) for one in asked]
        sys.stdout.buffer.write(msgspec.json.encode(pictures if question == "all" else pictures[0]))
    except VisavisError as error:
        print(f"error: {error.detail}", file=sys.stderr)
        return 3 if isinstance(error, NotFound) else 2 if isinstance(error, InvalidInput) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
