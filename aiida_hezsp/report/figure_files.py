"""The figures of a campaign as files."""

from collections.abc import Sequence
from pathlib import Path

from aiida_hezsp.report.campaign import Campaign
from aiida_hezsp.report.figures import campaign_figures
from aiida_hezsp.report.style import settle, styled

__all__ = ("FORMATS", "write_figures")

# Format -> metadata that would make two files of one figure differ.
FORMATS: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
}


def write_figures(
    campaign: Campaign, folder: Path, formats: Sequence[str] = ("png",), only: tuple[str, ...] = ()
) -> list[tuple[str, str]]:
    """Write the figures that there are data for; return the name of each file and what it shows.

    Args:
        campaign: as gathered.
        folder: an existing folder; files of the same names are replaced.
        formats: of `FORMATS`; a file is written for each.
        only: kinds of figures; all if empty.

    Raises:
        HezspError: `only` names a kind that does not exist.
    """
    written = []
    for item in campaign_figures(campaign, only):
        figure = item.draw()
        for format_ in formats:
            name = f"{item.name}.{format_}"
            with styled():
                settle(figure)
                figure.savefig(folder / name, metadata=FORMATS[format_])
            written.append((name, item.caption))
    return written
