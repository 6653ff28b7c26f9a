"""`python -m tests.chaos.skewed SECONDS MODULE`: a program on a machine whose clock is off by so much."""

from __future__ import annotations

import runpy
import sys
import time

if __name__ == "__main__":
    seconds, module = int(sys.argv[1]), sys.argv[2]
    right, right_ns = time.time, time.time_ns
    time.time = lambda: right() + seconds
    time.time_ns = lambda: right_ns() + seconds * 1_000_000_000
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
