"""The double as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import contextlib

from tests.services.channels.telegram_double import TOKEN, control, serving


async def _main() -> None:
    parser = argparse.ArgumentParser(description=control.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--token", default=TOKEN)
    arguments = parser.parse_args()
    async with serving(arguments.token, port=arguments.port, pace=1.0) as double:
        print(f"VISAVIS_TELEGRAM_API={double.url} VISAVIS_TELEGRAM_TOKEN={double.token}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main())
