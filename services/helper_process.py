"""Runs a library that may crash or hang in a process of its own, which answers requests over pipes.

Messages are msgpack with a length prefix (four bytes, big endian).
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import BinaryIO, Generic, TypeVar

import msgspec

from bus.errors import EngineError

R = TypeVar("R", bound=msgspec.Struct)

LARGEST = 2**32 - 1
"""Bytes of a message."""


def write_message(stream: BinaryIO, data: bytes) -> None:
    stream.write(len(data).to_bytes(4, "big") + data)
    stream.flush()


def read_message(stream: BinaryIO, largest: int = LARGEST) -> bytes | None:
    """The next message; None if the stream has ended, even within a message, or is to be of more bytes than that."""
    head = stream.read(4)
    if len(head) < 4:
        return None
    size = int.from_bytes(head, "big")
    if size > largest:
        return None
    data = stream.read(size)
    return data if len(data) == size else None


class HelperProcess(Generic[R]):
    """Starts the process at `start` or the first request, and again after it has died. May be used by several threads.

    Args:
        name: of the engine, for errors.
        command: starts the process.
        response: the type of its answers.
        timeout: seconds after which a process that does not respond is killed.
        environment: added to that of this process.
        largest: bytes of an answer; a process that sends a larger one is killed.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        response: type[R],
        timeout: float,
        environment: Mapping[str, str] = MappingProxyType({}),
        largest: int = LARGEST,
    ) -> None:
        self._name = name
        self._command = command
        self._timeout = timeout
        self._environment = environment
        self._largest = largest
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._responses = msgspec.msgpack.Decoder(response)

    @property
    def pid(self) -> int | None:
        """Of the process, if it runs."""
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    def start(self) -> None:
        """Start the process, unless it runs."""
        with self._lock:
            self._running_process()

    def close(self) -> None:
        """Kill the process."""
        with self._lock:
            self._kill()

    def request(self, request: msgspec.Struct) -> R:
        """The answer to a request.

        Raises:
            EngineError: the process broke off or took too long; retryable.
        """
        with self._lock:
            process = self._running_process()
            assert process.stdin is not None
            assert process.stdout is not None
            watchdog = threading.Timer(self._timeout, process.kill)
            watchdog.start()
            try:
                write_message(process.stdin, msgspec.msgpack.encode(request))  # type: ignore[arg-type]  # IO[bytes] has all that BinaryIO needs here
                data = read_message(process.stdout, self._largest)  # type: ignore[arg-type]
                response = None if data is None else self._responses.decode(data)
            except (OSError, msgspec.DecodeError) as error:
                self._kill()
                raise EngineError(f"the {self._name} process broke off: {error}", retryable=True) from error
            finally:
                watchdog.cancel()
            if response is None:
                status = self._kill()
                raise EngineError(f"the {self._name} process ended with status {status}", retryable=True)
            return response

    def _running_process(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._kill()
            environment = {**os.environ, **self._environment}
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
            )
        return self._process

    def _kill(self) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        process.kill()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:  # its buffer still held part of a request
                continue
        return process.wait()
