"""Memory and processor time of a process, its helpers included."""

from __future__ import annotations

import os
import subprocess
import sys

from bus.process.usage import usage

EATS = "import sys; eaten = bytearray(64 << 20); print('ready', flush=True); sys.stdin.read()"


def test_a_process_counts_its_helpers() -> None:
    before = usage()
    with subprocess.Popen([sys.executable, "-c", EATS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as helper:
        assert helper.stdout is not None
        helper.stdout.readline()
        during, own = usage(), usage(helper.pid)
        helper.communicate()
    after = usage(os.getpid())
    assert before is not None
    assert during is not None
    assert own is not None
    assert after is not None
    assert own.memory > 64 << 20
    assert during.memory - before.memory > 60 << 20
    assert after.memory < during.memory
    assert after.cpu_seconds >= before.cpu_seconds + own.cpu_seconds  # what has ended counts on


def test_a_process_that_has_ended_takes_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    assert usage(gone.pid) is None
