"""One HTML page about a campaign: a table, figures, errors and where everything comes from; no network needed."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiida import orm

from aiida_hezsp import __version__
from aiida_hezsp.errors import HezspError
from aiida_hezsp.report.campaign import Campaign, Finetuning, gather_campaign
from aiida_hezsp.report.figures import campaign_figures
from aiida_hezsp.report.style import data_uri

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ("render_page", "write_page")

_FOLDER = Path(__file__).parent / "assets"
_ERRORS = (
    ("energy_mae", "energy", "meV/atom"),
    ("force_mae", "force", "meV/Å"),
    ("stress_mae", "stress", "GPa"),
    ("magmom_mae", "moment", "μB"),
)
_MOMENTS = (("before", "before"), ("after_best", "after, best epoch"), ("after_final", "after, last epoch"))


def write_page(process: orm.ProcessNode | None, path: Path) -> None:
    """Write the page about the predictions of a work chain, or of all of the profile.

    Raises:
        HezspError: the folder of the page does not exist.
        PredictionError: there are no predictions.
    """
    if not path.parent.is_dir():
        raise HezspError(f"{path.parent} is not a directory")
    path.write_text(render_page(gather_campaign(process)), encoding="utf8")


def render_page(campaign: Campaign) -> str:
    """Return the page as HTML with styles, scripts and figures inside."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["subscripts"] = _subscripts
    return environment.get_template("page.html").render(
        campaign=campaign,
        best=campaign.ranked[0],
        figures=[{"uri": data_uri(item.draw()), "caption": item.caption} for item in campaign_figures(campaign)],
        finetunings=[
            {"title": item.title, "uuid": item.uuid, "rows": _error_rows(item)} for item in campaign.finetunings
        ],
        quantities=[f"{name} ({unit})" for _, name, unit in _ERRORS],
        stages=[stage for stage in campaign.trace.stages if stage.count],
        version=__version__,
        style=(_FOLDER / "page.css").read_text(encoding="utf8"),
        script=(_FOLDER / "page.js").read_text(encoding="utf8"),
    )


def _subscripts(formula: str) -> "Markup":
    """Return a formula with its amounts as subscripts."""
    from markupsafe import Markup

    parts = re.split(r"([0-9.]+)", formula)
    return Markup().join(Markup("<sub>{}</sub>").format(part) if k % 2 else part for k, part in enumerate(parts))


def _error_rows(item: Finetuning) -> list[dict[str, Any]]:
    """Return the rows of the table of errors: split, moment, number of images, mean absolute errors."""
    splits = item.metrics.get("before", {})
    return [
        {
            "split": split,
            "moment": moment,
            "n_images": item.metrics[key][split]["n_images"],
            "errors": [item.metrics[key][split].get(name) for name, _, _ in _ERRORS],
        }
        for split in splits
        for key, moment in _MOMENTS
        if item.metrics.get(key, {}).get(split, {}).get("n_images")
    ]
