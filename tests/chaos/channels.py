"""The channels service, but with a quarter of its patience for a channel to tell what became of a message."""

from __future__ import annotations

import sys
from functools import partial

from bus.process.lifecycle import run_process
from services.channels.__main__ import run
from services.channels.sending.patience import Patience

if __name__ == "__main__":
    sys.exit(run_process(partial(run, patience=Patience(for_proof=20.0))))
