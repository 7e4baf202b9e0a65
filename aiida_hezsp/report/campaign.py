"""What a page tells about a campaign, gathered from the graph behind its best prediction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiida import orm
from numpy.typing import NDArray

from aiida_hezsp.chemistry.labels import formula_of_label
from aiida_hezsp.provenance.chunks import chunks
from aiida_hezsp.provenance.predictions import RankedPrediction, rank_predictions
from aiida_hezsp.provenance.trace import Trace, trace_prediction
from aiida_hezsp.report.msd_curves import MsdCurve
from aiida_hezsp.report.verified import Verified, gather_verified

__all__ = ("Campaign", "Finetuning", "gather_campaign")

_SHORT_RUN_PS = 50.0
_FEW_ROWS = 50
_DEFAULT_WINDOW = (0.2, 0.8)


@dataclass(frozen=True)
class Finetuning:
    """One fine-tuning: errors by moment and split, and the arrays of its parity plot."""

    title: str
    uuid: str
    epochs: int | None
    metrics: Mapping[str, Mapping[str, Mapping[str, Any]]]
    arrays: Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Campaign:
    """Everything on the page."""

    title: str
    process: dict[str, Any] | None
    ranked: list[RankedPrediction]
    trace: Trace
    shap: list[dict[str, float]]
    finetunings: list[Finetuning]
    training: Mapping[str, Any] | None
    curves: list[MsdCurve]
    window: tuple[float, float]
    length_ps: float | None
    temperature: float | None
    n_rows: int | None
    verified: Verified = field(default_factory=Verified)
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def standin(self) -> bool:
        """Whether the stand-in made labels that something on the page rests on."""
        return self.trace.has_standin_labels or any(row.standin for row in self.ranked)

    @property
    def warnings(self) -> list[str]:
        """What a reader must know before believing a number."""
        found = []
        if self.standin:
            engines = ", ".join(sorted({engine for row in self.ranked for engine in row.label_engines}))
            found.append(
                f"No VASP ran: the labels come from the VASP stand-in ({engines}). The page shows that the method "
                "runs; it says nothing about a material."
            )
        if self.length_ps is not None and self.length_ps < _SHORT_RUN_PS:
            found.append(
                f"The MD targets come from runs of {self.length_ps:g} ps (the paper: 100 ps), too short for diffusion: "
                "these MSD values are not comparable with the paper's."
            )
        if self.n_rows is not None and self.n_rows < _FEW_ROWS:
            found.append(f"The SF-MSD models were trained and tested on {self.n_rows} compositions (the paper: 310).")
        if not self.standin and not self.trace.engines and not self.trace.file_labels:
            found.append("No DFT calculation is in this graph: the potential was used as it came, not fine-tuned.")
        return found


def gather_campaign(process: orm.ProcessNode | None = None, ranked: list[RankedPrediction] | None = None) -> Campaign:
    """Return what is known of the predictions of a work chain, of those given, or of all of the profile.

    Fine-tunings, training and MD runs are those the best prediction rests on.

    Raises:
        PredictionError: there are no predictions.
    """
    ranked = ranked or rank_predictions(process)
    trace = trace_prediction(orm.load_node(ranked[0].pk))
    runs = _finished(trace, "md_runs")
    training = next(iter(_results(_finished(trace, "sfmsd_training"))), None)
    results = _results(runs)
    parameters = [node.inputs.parameters.get_dict() for node in runs if "parameters" in node.inputs]
    return Campaign(
        title=(process.label if process is not None else "") or "Predicted solid electrolytes",
        process=None if process is None else _about(process),
        ranked=ranked,
        trace=trace,
        shap=_shap(ranked),
        finetunings=_finetunings(trace),
        training=training,
        curves=list(_curves(runs)),
        window=_window(parameters),
        length_ps=_length(results),
        temperature=next((entry["temperature"] for entry in parameters if "temperature" in entry), None),
        n_rows=_n_rows(trace),
        verified=gather_verified(ranked),
        versions=_versions(trace, [*results, *([training] if training else [])]),
    )


def _about(process: orm.ProcessNode) -> dict[str, Any]:
    state = process.process_state.value if process.process_state else "unknown"
    created = f"{process.ctime:%Y-%m-%d %H:%M}"
    return {"kind": process.process_label, "pk": process.pk, "uuid": process.uuid, "state": state, "created": created}


def _finished(trace: Trace, key: str) -> list[orm.CalcJobNode]:
    """Return the jobs of a stage that have results."""
    nodes = [orm.load_node(process.pk) for process in trace[key].processes]
    return [node for node in nodes if isinstance(node, orm.CalcJobNode) and "results" in node.outputs]


def _results(nodes: Iterable[orm.CalcJobNode]) -> list[dict[str, Any]]:
    return [node.outputs.results.get_dict() for node in nodes]


def _finetunings(trace: Trace) -> list[Finetuning]:
    found = []
    for key in ("first_finetune", "second_finetune"):
        for node in _finished(trace, key):
            predictions = node.outputs.predictions
            parameters = node.inputs.parameters.get_dict() if "parameters" in node.inputs else {}
            found.append(
                Finetuning(
                    title=trace[key].title,
                    uuid=node.uuid,
                    epochs=parameters.get("epochs"),
                    metrics=node.outputs.results["metrics"],
                    arrays={name: predictions.get_array(name) for name in predictions.get_arraynames()},
                )
            )
    return found


def _curves(runs: Iterable[orm.CalcJobNode]) -> Iterable[MsdCurve]:
    for run in runs:
        if "trajectories" not in run.outputs:
            continue
        for label, node in run.outputs.trajectories.items():
            times, msd = (np.asarray(node.get_array(name), dtype=float) for name in ("times", "msd"))
            yield MsdCurve(label, formula_of_label(label), times - times[0], msd)


def _window(parameters: list[dict[str, Any]]) -> tuple[float, float]:
    low, high = next((entry["window"] for entry in parameters if entry.get("window")), _DEFAULT_WINDOW)
    return float(low), float(high)


def _length(results: list[dict[str, Any]]) -> float | None:
    entries = [entry for result in results for entry in result.get("results", {}).values()]
    lengths = [entry["length_ps"] for entry in entries if entry.get("length_ps") is not None]
    return min(lengths, default=None)


def _n_rows(trace: Trace) -> int | None:
    for item in trace["sfmsd_training"].data:
        if item.kind == "Dict":
            return len(orm.load_node(item.pk).base.attributes.get("rows"))
    return None


def _versions(trace: Trace, results: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the versions of the software that the jobs report; several where they differ."""
    reports = [*results, *_results(_finished(trace, "first_finetune") + _finished(trace, "second_finetune"))]
    found: dict[str, set[str]] = {}
    for report in reports:
        for name, version in report.get("versions", {}).items():
            found.setdefault(name, set()).add(str(version))
    return {name: ", ".join(sorted(versions)) for name, versions in sorted(found.items())}


def _shap(ranked: list[RankedPrediction]) -> list[dict[str, float]]:
    """Return the SHAP values of predictions, in their order."""
    found: dict[int, dict[str, float]] = {}
    pks = [row.pk for row in ranked]
    for chunk in chunks(pks):
        query = orm.QueryBuilder()
        query.append(orm.Dict, filters={"id": {"in": chunk}}, project=["id", "attributes.shap"])
        found |= {pk: values or {} for pk, values in query.all()}
    return [found[pk] for pk in pks]
