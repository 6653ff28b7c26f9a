"""SVOX Pico in a process of its own: `python -m services.tts.engines.pico_process`.

The library holds Python's lock while it works, and never ends with some texts, such as a word of a thousand letters.
The process reads requests from standard input and writes one response for each to standard output (see
`helper_process`); it ends when its standard input does.
"""

from __future__ import annotations

import functools
import signal
import sys

import msgspec

from services.helper_process import read_message, write_message


class Request(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    voice: str
    """Such as "de-DE"."""
    speed: float = 1.0
    pitch: float = 1.0


class Response(msgspec.Struct, frozen=True, kw_only=True):
    pcm: bytes = b""
    """16 kHz mono s16."""
    error: str = ""


def main() -> int:
    import py_nanotts

    # Ctrl-C is for the service, which ends this process by closing the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pico = py_nanotts.NanoTTS()
    requests = msgspec.msgpack.Decoder(Request)
    for data in iter(functools.partial(read_message, sys.stdin.buffer), None):
        request = requests.decode(data)
        try:
            response = Response(pcm=pico.speak(request.text, request.voice, request.speed, request.pitch))
        except RuntimeError as error:
            response = Response(error=str(error))
        write_message(sys.stdout.buffer, msgspec.msgpack.encode(response))
    return 0


if __name__ == "__main__":
    sys.exit(main())
