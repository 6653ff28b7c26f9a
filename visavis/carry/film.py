from pathlib import Path

from visavis.carry.contents import Archive


def write_film(archive: Archive, output: Path, *, skip_silences: bool) -> None: ...
