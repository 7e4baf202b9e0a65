"""The figures of a campaign: which there are, what each shows, and drawing them from what was gathered."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiida_hezsp.errors import HezspError
from aiida_hezsp.report.campaign import Campaign

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ("FIGURES", "Drawing", "campaign_figures")

_PARITY_CAPTION = (
    "CHGNet against its labels before and after fine-tuning, on images kept out of training; unseen: compositions "
    "kept out altogether."
)

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
    """A figure that there are data for: its kind (of `FIGURES`), file name without suffix, caption, how to draw it."""

    kind: str
    name: str
    caption: str
    draw: Callable[[], "Figure"]


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
    for kind in FIGURES:
        if not only or kind in only:
            yield from _MAKERS[kind](campaign)


def _ranking(campaign: Campaign) -> Iterator[Drawing]:
    from aiida_hezsp.report.ranking import ranking_figure

    caption = "The highest predicted MSD with their intervals."
    yield Drawing("ranking", "ranking", caption, lambda: ranking_figure(campaign.ranked, standin=campaign.standin))


def _distribution(campaign: Campaign) -> Iterator[Drawing]:
    from aiida_hezsp.report.ranking import distribution_figure

    caption = "All predicted MSD over the paper's regions: low below 40, medium to 120, high above 120 Å²."
    yield Drawing(
        "distribution",
        "distribution",
        caption,
        lambda: distribution_figure(campaign.ranked, standin=campaign.standin),
    )


def _parity(campaign: Campaign) -> Iterator[Drawing]:
    from aiida_hezsp.report.parity import parity_figure

    for number, item in enumerate(campaign.finetunings, start=1):
        yield Drawing(
            "parity",
            f"parity-{number}",
            _PARITY_CAPTION,
            lambda item=item: parity_figure(item.arrays, item.title, standin=campaign.standin),
        )


def _msd(campaign: Campaign) -> Iterator[Drawing]:
    from aiida_hezsp.report.msd_curves import msd_figure

    if campaign.curves:
        caption = "MSD of the mobile ions, averaged over ions and time origins."
        yield Drawing(
            "msd", "msd", caption, lambda: msd_figure(campaign.curves, campaign.window, standin=campaign.standin)
        )


def _targets(campaign: Campaign) -> Iterator[Drawing]:
    from aiida_hezsp.report.targets import targets_figure

    training = campaign.training or {}
    if training.get("rows"):
        kept = [row["target"] for row in training["rows"]]
        removed = [entry["target"] for entry in training.get("removed", [])]
        caption = "MSD targets of the SF-MSD models: those kept, and those removed by the balancing or as outliers."
        yield Drawing("targets", "targets", caption, lambda: targets_figure(kept, removed, standin=campaign.standin))


def _errors(campaign: Campaign) -> Iterator[Drawing]:
    from aiida_hezsp.report.model_errors import errors_figure

    if training := campaign.training:
        caption = "Errors of the SF-MSD models by split; the noise of the targets is what no model can go below."
        yield Drawing(
            "errors",
            "errors",
            caption,
            lambda: errors_figure(
                training["metrics"],
                training.get("target_std"),
                noise_floor=training.get("noise_floor") or {},
                standin=campaign.standin,
            ),
        )


def _sfmsd_parity(campaign: Campaign) -> Iterator[Drawing]:
    from aiida_hezsp.report.sfmsd_parity import sfmsd_parity_figure

    training = campaign.training or {}
    if training.get("rows"):
        caption = "MSD by MD and as the SF-MSD models predict it, by split."
        yield Drawing(
            "sfmsd-parity",
            "sfmsd-parity",
            caption,
            lambda: sfmsd_parity_figure(training["rows"], standin=campaign.standin),
        )


def _importance(campaign: Campaign) -> Iterator[Drawing]:
    from aiida_hezsp.report.model_errors import importance_figure

    if training := campaign.training:
        caption = "Permutation importance of the structural features."
        yield Drawing(
            "importance",
            "importance",
            caption,
            lambda: importance_figure(training["importances"], standin=campaign.standin),
        )


def _shap(campaign: Campaign) -> Iterator[Drawing]:
    from aiida_hezsp.report.shap_summary import shap_figure

    if all(campaign.shap):
        features = [row.features for row in campaign.ranked]
        caption = "Every point is a prediction: how far each feature moves it."
        yield Drawing("shap", "shap", caption, lambda: shap_figure(campaign.shap, features, standin=campaign.standin))


def _waterfall(campaign: Campaign) -> Iterator[Drawing]:
    from aiida_hezsp.report.waterfall import waterfall_figure

    best, shap = campaign.ranked[0], campaign.shap[0]
    if shap:
        caption = f"From the mean prediction to that of {best.formula}: what each feature adds."
        yield Drawing(
            "waterfall",
            "waterfall",
            caption,
            lambda: waterfall_figure(best.formula, best.msd, shap, best.features, standin=campaign.standin),
        )


def _regions(campaign: Campaign) -> Iterator[Drawing]:
    from aiida_hezsp.report.regions import regions_figure

    report = campaign.verified.regions
    if report is not None and report["rows"]:
        caption = "Predictions drawn from the three regions beside MD of the same structures."
        yield Drawing("regions", "regions", caption, lambda: regions_figure(report, standin=campaign.standin))


def _arrhenius(campaign: Campaign) -> Iterator[Drawing]:
    from aiida_hezsp.report.arrhenius import arrhenius_figure

    if laws := campaign.verified.arrhenius:
        caption = "Diffusion of the best prediction and of the host at several temperatures, and where the lines lead."
        yield Drawing("arrhenius", "arrhenius", caption, lambda: arrhenius_figure(laws, standin=campaign.standin))


def _robustness(campaign: Campaign) -> Iterator[Drawing]:
    from aiida_hezsp.report.robustness import robustness_figure

    if campaign.verified.robustness is not None and campaign.verified.robustness[1]["keys"]:
        formula, report = campaign.verified.robustness
        caption = f"Random decorations of {formula}: energy, volume, and what each model predicts."
        yield Drawing(
            "robustness", "robustness", caption, lambda: robustness_figure(report, formula, standin=campaign.standin)
        )


_MAKERS: dict[str, Callable[[Campaign], Iterator[Drawing]]] = {
    "ranking": _ranking,
    "distribution": _distribution,
    "parity": _parity,
    "msd": _msd,
    "targets": _targets,
    "errors": _errors,
    "sfmsd-parity": _sfmsd_parity,
    "importance": _importance,
    "shap": _shap,
    "waterfall": _waterfall,
    "regions": _regions,
    "arrhenius": _arrhenius,
    "robustness": _robustness,
}
