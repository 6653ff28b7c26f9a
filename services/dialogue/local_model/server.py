"""Runs llama.cpp's server in this process, so that sound and pictures on the same machine do not stutter."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path

from bus.errors import ConfigurationError
from services.dialogue.local_model.files import HOST

log = logging.getLogger(__name__)

NICENESS = 5
"""Everything else here has a deadline of some milliseconds; an answer is written faster than it is spoken."""
MAX_THREADS = 8
"""Writing waits for the memory: more threads than this only take turns."""
CONTEXT_TOKENS = 4096
"""Prompt and answer together. Qwen2.5-1.5B needs 112 MiB for them."""
BATCH_TOKENS = 32
"""Tokens of the prompt evaluated in one go. An answer is cancelled between two of them only, so they are short: 0.8 s
on one slow core."""
TEMPERATURE = 0.6
"""Small models lose the thread at the usual 0.8."""
REPETITION_PENALTY = 0.8
"""Strength of DRY, which keeps a small model from saying the same sentence again and again."""
WORD_PENALTY = 1.05
"""The model's own publisher advises it; 1 is none."""
CACHE_MIB = 512
"""Memory for the evaluated prompts of conversations that are not being answered."""


def thread_count(cores: int) -> int:
    """Threads for the model: all cores but one, which is left to the voice and the face."""
    return max(1, min(cores - 1, MAX_THREADS))


def lower_priority(niceness: int = NICENESS, autogroup: Path = Path("/proc/self/autogroup")) -> None:
    """Let other processes go first, those of other sessions too.

    Linux shares processor time among sessions before it looks at the niceness of processes, and each process of
    `visavis up` is a session of its own; the niceness of a session is in its autogroup. Started from a shell, the
    session has other programs too, and is left alone.
    """
    os.nice(niceness)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):  # a kernel without autogroups
            autogroup.write_text(str(niceness))


_servers: list[object] = []
"""Servers that run. Kept until the process exits: the end of one waits for ever for answers that are being written."""


def start(file: Path, *, name: str, port: int, threads: int) -> str:
    """Load a GGUF file and serve it on loopback until the process exits, by `os._exit`; returns the server's address.

    Blocks for the seconds that loading takes. One answer at a time: others wait.

    Args:
        name: of the model, as the server lists it.
    Raises:
        ConfigurationError: llama.cpp is not installed, or cannot load the file.
    """
    try:
        import xllamacpp
    except ImportError as error:
        raise ConfigurationError(f"xllamacpp cannot be loaded: {error}; `make mind` installs it") from error
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(file)
    parameters.model_alias = {name}
    parameters.hostnames = [HOST]
    parameters.port = port
    parameters.n_ctx = CONTEXT_TOKENS
    parameters.n_parallel = 1
    parameters.n_batch = parameters.n_ubatch = BATCH_TOKENS
    parameters.cache_ram_mib = CACHE_MIB
    for cpu in (parameters.cpuparams, parameters.cpuparams_batch):
        cpu.n_threads = threads
        cpu.poll = 0  # a thread that waits for another one sleeps: the core is wanted elsewhere
    parameters.sampling.temp = TEMPERATURE
    parameters.sampling.dry_multiplier = REPETITION_PENALTY
    parameters.sampling.dry_penalty_last_n = CONTEXT_TOKENS
    parameters.sampling.penalty_repeat = WORD_PENALTY
    # Nobody but the dialogue service asks, and what people say is shown to nobody.
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.cors_origins = f"http://{HOST}"
    parameters.verbosity = 1
    try:
        server = xllamacpp.Server(parameters)
    except Exception as error:
        raise ConfigurationError(f"llama.cpp cannot load {file}: {error}") from error
    _servers.append(server)
    return str(server.listening_address)
