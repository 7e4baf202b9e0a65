"""Judge an archive, or an exported folder, before anything of it is imported; no profile is needed."""

from pathlib import Path
from typing import TYPE_CHECKING

from aiida_hezsp.provenance.verify.findings import Finding, VerifyReport

if TYPE_CHECKING:
    from aiida_hezsp.provenance.verify.archive import Progress

__all__ = ("Finding", "VerifyReport", "verify")


def verify(path: Path, *, progress: "Progress | None" = None) -> VerifyReport:
    """Return what is wrong with an AiiDA archive, an exported folder, or a zip file of one.

    Raises:
        ArchiveError: there is no such file or folder.
    """
    from aiida_hezsp.errors import ArchiveError
    from aiida_hezsp.provenance.verify.archive import verify_archive
    from aiida_hezsp.provenance.verify.folder import verify_folder, verify_zipped_folder

    if path.is_dir():
        return verify_folder(path, progress=progress)
    if not path.is_file():
        raise ArchiveError(f"{path} is neither a file nor a folder")
    if path.suffix == ".zip":
        return verify_zipped_folder(path, progress=progress)
    return verify_archive(path, progress=progress)
