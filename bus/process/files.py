"""The number of files that a process may have open, sockets included."""

from __future__ import annotations

import resource
from contextlib import suppress

_ENOUGH = 65_536


def raise_file_limit() -> int:
    """Raise the soft limit as far as this user may, up to 65536; returns it.

    Distributions leave it at 1024 for programs that ask `select` for files, as none does here.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    wanted = _ENOUGH if hard == unlimited else min(hard, _ENOUGH)
    if soft != unlimited and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return _ENOUGH if soft == unlimited else soft
