"""The figures of a campaign: which there are, what each shows, and drawing them from what was gathered."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from aiida_hezsp.errors import HezspError
from aiida_hezsp.report.campaign import Campaign

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ("FIGURES", "Drawing", "campaign_figures")

# Name -> the figure of the paper that it answers to ('' where it has none), in the order of a report.
FIGURES = {
    "ranking": "",
    "distribution": "",
    "parity": "Fig. 2",
    "msd": "Fig. S10",
    "targets": "Fig. S7",
    "errors": "Fig. 4 a-c",
    "sfmsd-parity": "",
    "importance": "Fig. 4 d, S8",
    "shap": "Fig. S11",
    "waterfall": "Fig. S12",
    "regions": "Fig. 6 a, b",
    "arrhenius": "Fig. 6 c",
    "robustness": "Fig. 5, S9",
}


@dataclass(frozen=True)
class Drawing:
    """A figure that there are data for: its kind (of `FIGURES`), caption, how to draw it, file name without suffix."""

    kind: str
    caption: str
    draw: Callable[[], "Figure"]
    name: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.kind)


def campaign_figures(campaign: Campaign, only: tuple[str, ...] = ()) -> Iterator[Drawing]:
    """Yield the figures that there are data for, in the order of `FIGURES`; nothing is drawn yet.

    Args:
        campaign: as gathered.
        only: kinds to yield; all if empty.

    Raises:
        HezspError: `only` names a kind that does not exist.
    """
    if unknown := sorted(set(only) - set(FIGURES)):
        raise HezspError(f"no figure is called {', '.join(unknown)}; there are {', '.join(FIGURES)}")
    for part in (_predictions, _potential, _sfmsd_models, _explanations, _checks):
        yield from (item for item in part(campaign) if not only or item.kind in only)


def _predictions(campaign: Campaign) -> Iterator[Drawing]:
    """Yield the figures of the predictions themselves."""
    from aiida_hezsp.report.ranking import distribution_figure, ranking_figure

    ranked, standin = campaign.ranked, campaign.standin
    yield Drawing(
        "ranking",
        "The highest predicted MSD with their intervals.",
        partial(ranking_figure, ranked, standin=standin),
    )
    yield Drawing(
        "distribution",
        "All predicted MSD over the paper's regions: low below 40, medium to 120, high above 120 Å².",
        partial(distribution_figure, ranked, standin=standin),
    )


def _potential(campaign: Campaign) -> Iterator[Drawing]:
    """Yield the figures of the potential: its errors, and what its MD gives."""
    from aiida_hezsp.report.msd_curves import msd_figure
    from aiida_hezsp.report.parity import parity_figure

    for number, item in enumerate(campaign.finetunings, start=1):
        yield Drawing(
            "parity",
            "CHGNet against its labels before and after fine-tuning, on images kept out of training; unseen: "
            "compositions kept out altogether.",
            partial(parity_figure, item.arrays, item.title, standin=campaign.standin),
            f"parity-{number}",
        )
    if campaign.curves:
        yield Drawing(
            "msd",
            "MSD of the mobile ions, averaged over ions and time origins.",
            partial(msd_figure, campaign.curves, campaign.window, standin=campaign.standin),
        )


def _sfmsd_models(campaign: Campaign) -> Iterator[Drawing]:
    """Yield the figures of the training: targets, errors, parity, importances."""
    from aiida_hezsp.report.model_errors import errors_figure, importance_figure
    from aiida_hezsp.report.sfmsd_parity import sfmsd_parity_figure
    from aiida_hezsp.report.targets import targets_figure

    training, standin = campaign.training, campaign.standin
    if training is None:
        return
    rows, floor = training.get("rows", []), training.get("noise_floor") or {}
    if rows:
        kept, removed = ([entry["target"] for entry in part] for part in (rows, training.get("removed", [])))
        yield Drawing(
            "targets",
            "MSD targets of the SF-MSD models: those kept, and those removed by the balancing or as outliers.",
            partial(targets_figure, kept, removed, standin=standin),
        )
    yield Drawing(
        "errors",
        "Errors of the SF-MSD models by split; the noise of the targets is what no model can go below.",
        partial(errors_figure, training["metrics"], training.get("target_std"), noise_floor=floor, standin=standin),
    )
    if rows:
        yield Drawing(
            "sfmsd-parity",
            "MSD by MD and as the SF-MSD models predict it, by split.",
            partial(sfmsd_parity_figure, rows, standin=standin),
        )
    yield Drawing(
        "importance",
        "Permutation importance of the structural features.",
        partial(importance_figure, training["importances"], standin=standin),
    )


def _explanations(campaign: Campaign) -> Iterator[Drawing]:
    """Yield the figures of SHAP values: of all predictions, and of the best."""
    from aiida_hezsp.report.shap_summary import shap_figure
    from aiida_hezsp.report.waterfall import waterfall_figure

    best, standin = campaign.ranked[0], campaign.standin
    if campaign.shap[0]:
        # Models of several feature sets may have predicted: one figure has one set of features, that of the best.
        pairs = zip(campaign.shap, campaign.ranked, strict=True)
        alike = [(values, row.features) for values, row in pairs if values.keys() == campaign.shap[0].keys()]
        caption = "Every point is a prediction: how far each feature moves it."
        if len(alike) < len(campaign.shap):
            caption += f" Shown are the {len(alike)} of {len(campaign.shap)} predictions by the features of the best."
        yield Drawing("shap", caption, partial(shap_figure, *zip(*alike, strict=True), standin=standin))
        yield Drawing(
            "waterfall",
            f"From the mean prediction to that of {best.formula}: what each feature adds.",
            partial(waterfall_figure, best.formula, best.msd, campaign.shap[0], best.features, standin=standin),
        )


def _checks(campaign: Campaign) -> Iterator[Drawing]:
    """Yield the figures of what was checked after the screen."""
    from aiida_hezsp.report.arrhenius import arrhenius_figure
    from aiida_hezsp.report.regions import regions_figure
    from aiida_hezsp.report.robustness import robustness_figure

    verified, standin = campaign.verified, campaign.standin
    if verified.regions is not None and verified.regions["rows"]:
        yield Drawing(
            "regions",
            "Predictions drawn from the three regions beside MD of the same structures.",
            partial(regions_figure, verified.regions, standin=standin),
        )
    if verified.arrhenius:
        yield Drawing(
            "arrhenius",
            "Diffusion at several temperatures of the best prediction (and of the host, where it was run), and where "
            "the lines lead.",
            partial(arrhenius_figure, verified.arrhenius, standin=standin),
        )
    if verified.robustness is not None and verified.robustness[1]["keys"]:
        formula, report = verified.robustness
        yield Drawing(
            "robustness",
            f"Random decorations of {formula}: energy, volume, and what each model predicts.",
            partial(robustness_figure, report, formula, standin=standin),
        )
