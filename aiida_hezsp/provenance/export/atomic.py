"""Folders and files that appear complete or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiida_hezsp.errors import ArchiveError
from aiida_hezsp.provenance.verify.checksums import CHECKSUMS

__all__ = ("appearing", "check_target")


def check_target(target: Path, *, overwrite: bool) -> None:
    """Check that something may be written at a place.

    Raises:
        ArchiveError: something is there and may not be replaced, or its folder does not exist.
    """
    if not target.parent.is_dir():
        raise ArchiveError(f"{target.parent} is not a directory")
    if not os.path.lexists(target):
        return
    if not overwrite:
        raise ArchiveError(f"{target} exists already: choose another name, or add --force")
    if target.is_dir() and any(target.iterdir()) and not (target / CHECKSUMS).is_file():
        raise ArchiveError(f"{target} is not an exported folder (it has no {CHECKSUMS}): it is not replaced")


@contextmanager
def appearing(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give a place for a draft, beside the target; when all went well the draft takes the target's name.

    What was there before is put aside first and comes back if the last step fails.
    """
    check_target(target, overwrite=overwrite)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.", ignore_cleanup_errors=True) as place:
        draft, old = Path(place) / target.name, Path(place) / f"{target.name}.old"
        yield draft
        if os.path.lexists(target):
            target.replace(old)
        try:
            draft.replace(target)
        except OSError:
            if os.path.lexists(old):
                shutil.move(old, target)
            raise
