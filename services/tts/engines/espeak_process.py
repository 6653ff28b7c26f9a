"""eSpeak NG in a process of its own, because of its GPL: `python -m services.tts.engines.espeak_process`.

Nothing else in Visavis loads the library. The process reads requests from standard input and writes one response for
each to standard output, as msgpack messages with a length prefix (four bytes, big endian):

    {"text", "voice", "variant", "pitch" 0-99, "rate" words a minute, "volume" 0-200, "seed", "silent"}
    {"rate", "pcm", "phonemes": [[name, sample], …]}, {"ipa"} or {"error", "retryable"}

Each request runs in a fork of the freshly started process. The library keeps state between texts; a fork gives the same
samples for the same request, and a text that crashes the library crashes only the fork.

The process ends when its standard input does.
"""

from __future__ import annotations

import ctypes
import functools
import os
import signal
import sys
from ctypes import POINTER, c_char_p, c_int, c_long, c_short, c_size_t, c_uint, c_void_p
from typing import Any

import msgspec

from services.helper_process import read_message, write_message

_SYNCHRONOUS = 2
_PHONEME_EVENTS, _PHONEME_IPA, _DONT_EXIT = 1, 2, 0x8000
_RATE, _VOLUME, _PITCH = 1, 2, 3
_CHARACTERS_UTF8 = 1
_EVENT_LIST_END, _EVENT_PHONEME = 0, 7
_IPA = 2
_CLAUSE_PUNCTUATION = ".,!?;:"
BUFFER_MS = 200


class _Id(ctypes.Union):
    _fields_ = [("number", c_int), ("name", c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", c_int),
        ("unique_identifier", c_uint),
        ("text_position", c_int),
        ("length", c_int),
        ("audio_position", c_int),
        ("sample", c_int),
        ("user_data", c_void_p),
        ("id", _Id),
    ]


_OnAudio = ctypes.CFUNCTYPE(c_int, POINTER(c_short), c_int, POINTER(_Event))


class Request(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    voice: str
    """Language, e.g. "en-us"."""
    variant: str = ""
    """Timbre, e.g. "f5"; "" for the default."""
    pitch: int = 50
    rate: int = 165
    volume: int = 100
    seed: int = 0
    """Of the random breath and flutter, 31 bits."""
    silent: bool = False
    """No audio, only the phonemes of the text as `ipa`."""


class Response(msgspec.Struct, frozen=True, kw_only=True):
    rate: int = 0
    pcm: bytes = b""
    phonemes: tuple[tuple[str, int], ...] = ()
    """IPA and first sample; "" is a pause."""
    ipa: str = ""
    """The text in IPA with stress marks, spaces between words and the punctuation that ends each clause."""
    error: str = ""
    retryable: bool = False


WARM_UP = Request(text="hello", voice="en-us", variant="f5")
"""Loads the data that most requests need."""


class EspeakLibrary:
    """The library, whose state is global: one text at a time.

    Raises:
        RuntimeError: the library does not start.
    """

    def __init__(self) -> None:
        import espeakng_loader

        library = ctypes.CDLL(str(espeakng_loader.get_library_path()))
        library.espeak_Synth.argtypes = [
            c_char_p, c_size_t, c_uint, c_int, c_uint, c_uint, POINTER(c_uint), c_void_p,
        ]  # fmt: skip
        library.espeak_ng_SetRandSeed.argtypes = [c_long]
        library.espeak_TextToPhonemes.argtypes = [POINTER(c_void_p), c_int, c_int]
        library.espeak_TextToPhonemes.restype = c_char_p
        options = _DONT_EXIT | _PHONEME_EVENTS | _PHONEME_IPA
        data = str(espeakng_loader.get_data_path()).encode()
        self.rate: int = library.espeak_Initialize(_SYNCHRONOUS, BUFFER_MS, data, options)
        if self.rate <= 0:
            raise RuntimeError(f"eSpeak NG did not start: {self.rate}")
        self._library = library
        self._callback = _OnAudio(self._on_audio)
        library.espeak_SetSynthCallback(self._callback)
        self._audio: list[bytes] = []
        self._phonemes: list[tuple[str, int]] = []

    def speak(self, request: Request) -> Response:
        name = f"{request.voice}+{request.variant}" if request.variant else request.voice
        self._library.espeak_ng_SetRandSeed(request.seed)
        # The library would silently keep the previous voice.
        if self._library.espeak_SetVoiceByName(name.encode()) != 0:
            return Response(error=f"eSpeak NG has no voice {name!r}")
        if request.silent:
            return Response(ipa=self._ipa(request.text))
        self._library.espeak_SetParameter(_RATE, request.rate, 0)
        self._library.espeak_SetParameter(_PITCH, request.pitch, 0)
        self._library.espeak_SetParameter(_VOLUME, request.volume, 0)
        self._audio, self._phonemes = [], []
        text = request.text.encode() + b"\0"
        status = self._library.espeak_Synth(text, len(text), 0, 1, 0, _CHARACTERS_UTF8, None, None)
        if status != 0:
            return Response(error=f"eSpeak NG gave up on {len(request.text)} characters: {status}", retryable=True)
        return Response(rate=self.rate, pcm=b"".join(self._audio), phonemes=tuple(self._phonemes))

    def _ipa(self, text: str) -> str:
        data = text.encode() + b"\0"
        buffer = ctypes.create_string_buffer(data, len(data))
        start = ctypes.addressof(buffer)
        position = c_void_p(start)
        clauses: list[str] = []
        while position.value:
            before = position.value
            phonemes = self._library.espeak_TextToPhonemes(ctypes.byref(position), _CHARACTERS_UTF8, _IPA)
            # The position where it stopped, a letter or two after the punctuation; null at the end of the text.
            end = position.value or start + len(data) - 1
            clause = data[before - start : end - start].decode("utf-8", "ignore").rstrip()
            punctuation = next((letter for letter in reversed(clause[-3:]) if letter in _CLAUSE_PUNCTUATION), "")
            if phonemes:
                clauses.append(phonemes.decode("utf-8", "ignore").strip() + punctuation)
            if position.value == before:
                break
        return " ".join(clauses)

    def _on_audio(self, wave: Any, count: int, events: Any) -> int:
        index = 0
        while events[index].type != _EVENT_LIST_END:
            event = events[index]
            if event.type == _EVENT_PHONEME:
                name = event.id.string.decode("utf-8", "ignore")
                if not name.startswith("("):  # "(en)" marks a change of language
                    self._phonemes.append((name, event.sample))
            index += 1
        if wave and count > 0:
            self._audio.append(ctypes.string_at(wave, count * 2))
        return 0


def speak_in_fork(espeak: EspeakLibrary, request: Request) -> bytes:
    """The encoded response, made in a fork; a retryable error if the fork crashes."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        with os.fdopen(write_end, "wb") as pipe:
            pipe.write(msgspec.msgpack.encode(espeak.speak(request)))
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        data = pipe.read()
    _, status = os.waitpid(child, 0)
    if status == 0:
        return data
    exit_status = os.waitstatus_to_exitcode(status)
    detail = f"eSpeak NG broke down over {len(request.text)} characters: exit status {exit_status}"
    return msgspec.msgpack.encode(Response(error=detail, retryable=True))


def main() -> int:
    # Ctrl-C is for the service, which ends this process by closing the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    espeak = EspeakLibrary()
    espeak.speak(WARM_UP)
    requests = msgspec.msgpack.Decoder(Request)
    for data in iter(functools.partial(read_message, sys.stdin.buffer), None):
        write_message(sys.stdout.buffer, speak_in_fork(espeak, requests.decode(data)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
