"""Archives of conversations: from a log or a file, into a log or a file."""

from __future__ import annotations

from visavis.carry.archive_file import load, save
from visavis.carry.contents import Archive, ArchivedFact, Missing, Spool, StoredDelivery
from visavis.carry.from_log import read_archive
from visavis.carry.to_log import Written, is_copy_of, write_archive

__all__ = [
    "Archive", "ArchivedFact", "Missing", "Spool", "StoredDelivery", "Written", "is_copy_of", "load", "read_archive",
    "save", "write_archive",
]  # fmt: skip
