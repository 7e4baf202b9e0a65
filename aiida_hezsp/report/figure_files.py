"""The figures of a campaign as PNG files."""

from pathlib import Path

from aiida_hezsp.report.campaign import Campaign
from aiida_hezsp.report.page import campaign_figures
from aiida_hezsp.report.style import styled

__all__ = ("write_figures",)


def write_figures(campaign: Campaign, folder: Path) -> list[tuple[str, str]]:
    """Write the figures that there are data for; return the name of each file and what it shows."""
    written = []
    for number, (figure, caption) in enumerate(campaign_figures(campaign), start=1):
        name = f"figure-{number}.png"
        with styled():
            figure.savefig(folder / name, metadata={"Software": None})
        written.append((name, caption))
    return written
