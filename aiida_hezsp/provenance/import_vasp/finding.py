"""Find the runs in directories by the names of their files; nothing is opened."""

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ("RunFiles", "find_runs")

# What is read of a run. Never POTCAR: its text is licensed, and the family named by the user stands for it.
_WANTED = ("vasprun.xml", "OUTCAR", "CONTCAR", "INCAR")
# Where VASP's stdout may be, the likeliest first; custodian, ASE and aiida-vasp have their habits.
_STDOUT = ("vasp_output", "vasp.out", "vasp.log", "stdout", "vasp_out")
_NAME = re.compile(
    rf"(?P<name>{'|'.join(map(re.escape, (*_WANTED, *_STDOUT)))})"
    r"(?:\.(?P<part>(?:relax|static|run)\d*|\d+))?(?:\.(?:gz|bz2|xz))?"
)


@dataclass(frozen=True)
class RunFiles:
    """The files of one run: `part` is what custodian appends to their names, such as ``relax1``; mostly empty."""

    directory: Path
    part: str = ""
    files: dict[str, Path] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return f"{self.directory} ({self.part})" if self.part else str(self.directory)

    def get(self, name: str) -> Path | None:
        """Return the file of a name such as ``OUTCAR``, compressed or not; None where there is none."""
        return self.files.get(name)

    @property
    def stdout(self) -> Path | None:
        """The file with VASP's standard output, if one is there."""
        return next((self.files[name] for name in _STDOUT if name in self.files), None)


def find_runs(directories: Iterable[Path]) -> tuple[list[RunFiles], dict[str, str]]:
    """Return the runs in directories and below, in natural order, and those that are none, with the reason.

    A directory is a run if it holds a vasprun.xml, compressed (gzip, bzip2, xz) or not; it may hold several, told apart
    by suffixes such as ``.relax1``. Symbolic links to directories are not followed.

    Returns:
        The runs, each once, and reasons by directory.
    """
    runs: dict[tuple[Path, str], RunFiles] = {}
    refused: dict[str, str] = {}
    for directory in directories:
        found = 0
        for folder in _folders(directory.resolve(), refused):
            for run in _runs_in(folder):
                if run.get("vasprun.xml") is not None:
                    runs.setdefault((run.directory, run.part), run)
                    found += 1
                elif run.get("OUTCAR") is not None:
                    refused[str(run)] = "has an OUTCAR but no vasprun.xml"
                    found += 1
        if not found and not any(Path(name).is_relative_to(directory.resolve()) for name in refused):
            refused[str(directory)] = "holds no vasprun.xml, nor do the directories below it"
    return sorted(runs.values(), key=lambda run: _natural(f"{run.directory}/{run.part}")), refused


def _folders(top: Path, refused: dict[str, str]) -> Iterator[Path]:
    """Yield a directory and all below it; note those that cannot be read."""

    def note(error: OSError) -> None:
        refused[str(error.filename)] = f"cannot be read: {error.strerror}"

    for path, folders, _ in os.walk(top, onerror=note):
        folders.sort()
        yield Path(path)


def _runs_in(folder: Path) -> list[RunFiles]:
    """Return what may be runs in one directory; a file that is not compressed comes before one that is."""
    parts: dict[str, dict[str, Path]] = defaultdict(dict)
    for path in sorted(folder.iterdir(), key=lambda path: len(path.name)):
        match = _NAME.fullmatch(path.name)
        if match and path.is_file():
            parts[match["part"] or ""].setdefault(match["name"], path)
    return [RunFiles(folder, part, files) for part, files in parts.items()]


def _natural(text: str) -> list[tuple[int, str]]:
    """Return a key that sorts relax2 before relax10."""
    return [(int(piece), "") if piece.isdigit() else (-1, piece) for piece in re.split(r"(\d+)", text)]
