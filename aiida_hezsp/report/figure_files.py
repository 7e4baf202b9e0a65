"""The figures of a campaign as files."""

from collections.abc import Sequence
from pathlib import Path

from aiida_hezsp.report.campaign import Campaign
from aiida_hezsp.report.figures import campaign_figures
from aiida_hezsp.report.write import write_figure

__all__ = ("write_figures",)


def write_figures(
    campaign: Campaign, folder: Path, formats: Sequence[str] = ("png",), only: tuple[str, ...] = ()
) -> list[tuple[str, str]]:
    """Write the figures that there are data for; return the name of each file and what it shows.

    Args:
        campaign: as gathered.
        folder: an existing folder; files of the same names are replaced.
        formats: png, svg, pdf; a file is written for each.
        only: kinds of figures; all if empty.

    Raises:
        HezspError: `only` names a kind that does not exist, or a file cannot be written.
    """
    written = []
    for item in campaign_figures(campaign, only):
        figure = item.draw()
        for format_ in formats:
            name = f"{item.name}.{format_}"
            write_figure(figure, folder / name)
            written.append((name, item.caption))
    return written
