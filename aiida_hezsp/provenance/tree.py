"""A trace as a text tree for the terminal."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from rich.text import Text
from rich.tree import Tree

from aiida_hezsp.provenance.predictions import rounded
from aiida_hezsp.provenance.trace import Stage, Trace, TracedData, TracedProcess

__all__ = ("trace_tree",)

_LIMIT = 6  # lines of one kind before the rest is counted only
_SHA = 12
_UUID = 8


def trace_tree(trace: Trace, *, show_all: bool = False) -> Tree:
    """Return the tree of a trace: every stage under the one it feeds.

    Long lists are cut unless all is asked for; UUIDs are given by their beginning, as AiiDA's commands take them.
    """
    limit = None if show_all else _LIMIT
    branches = {"": Tree(_headline(trace))}
    for stage in trace.stages:
        if not stage.count and stage.feeds is None:
            continue
        parent = branches[stage.feeds or ""]
        branch = parent.add(_stage_line(stage))
        branches[stage.key] = branch
        for line in _lines(stage, limit):
            branch.add(line)
    branches[""].add(Text(trace.verdict, style="bold yellow" if trace.has_standin_labels else "bold"))
    return branches[""]


def _headline(trace: Trace) -> Text:
    known = trace.prediction
    text = Text(str(known["formula"]), style="bold")
    text.append(f"  predicted MSD {rounded(known['msd'])} A^2", style="bold green")
    if known["msd_low"] is not None and known["msd_high"] is not None:
        text.append(f"  ({100 * known['coverage']:.0f} %: {rounded(known['msd_low'])} to {rounded(known['msd_high'])})")
    return text.append(f"  model {known['model_kind']}  pk {known['pk']}  uuid {known['uuid']}", style="dim")


def _stage_line(stage: Stage) -> Text:
    if not stage.count:
        return Text(f"{stage.title}: none", style="dim")
    text = Text(stage.title, style="bold cyan")
    if stage.processes:
        kinds = Counter(process.kind for process in stage.processes)
        text.append(": " + ", ".join(f"{count} x {kind}" for kind, count in sorted(kinds.items())), style="default")
        codes = Counter(process.exit_status for process in stage.processes if process.exit_status)
        for code, count in sorted(codes.items()):
            text.append(f", {count} with exit code {code}", style="red")
    return text


def _lines(stage: Stage, limit: int | None) -> list[Text]:
    data = [_data_line(item) for item in stage.data if item.facts]
    if any(process.labels_used is not None for process in stage.processes):
        return data + _cut([_dft_line(*entry) for entry in _by_composition(stage.processes)], limit, "compositions")
    return data + _cut([_process_line(process) for process in stage.processes], limit, "processes")


def _cut(lines: list[Text], limit: int | None, what: str) -> list[Text]:
    if limit is None or len(lines) <= limit:
        return lines
    return [*lines[:limit], Text(f"... and {len(lines) - limit} more {what} (--all shows them)", style="dim")]


def _process_line(process: TracedProcess) -> Text:
    text = Text(f"{process.kind}<{process.pk}> ")
    text.append(process.uuid[:_UUID], style="dim")
    if process.label and not process.kind.endswith(process.label):
        text.append(f" {process.label}")
    return text.append(_outcome(process), style="red" if process.exit_status else "dim")


def _outcome(process: TracedProcess) -> str:
    cached = ", from the cache" if process.cached else ""
    if process.exit_status:
        return f" [{process.exit_status}] {process.exit_message or ''}{cached}"
    return f" {process.state or ''}{cached}"


def _by_composition(
    processes: Iterable[TracedProcess],
) -> list[tuple[str, list[TracedProcess]]]:
    groups: dict[str, list[TracedProcess]] = defaultdict(list)
    for process in processes:
        groups[process.composition or "continued by another run"].append(process)
    return sorted(groups.items())


def _dft_line(composition: str, processes: list[TracedProcess]) -> Text:
    text = Text(f"{composition}: ")
    text.append(" ".join(f"{process.kind}<{process.pk}>" for process in processes))
    engines = sorted({process.engine for process in processes if process.engine})
    style = "yellow" if any(engine.startswith("standin") for engine in engines) else "green"
    return text.append(f"  labels: {', '.join(engines) or 'not used'}", style=style)


def _data_line(item: TracedData) -> Text:
    facts = item.facts
    if item.kind == "ImageData":
        engines = ", ".join(f"{count} {engine}" for engine, count in facts["engines"].items())
        what = f"{facts['n_images']} images of {len(facts['groups'])} compositions ({engines})"
    elif item.kind == "ChgnetModelData":
        what = f"CHGNet {facts['name']} sha256 {facts['sha256'][:_SHA]}"
    else:
        what = f"model {facts.get('kind', '')}"
    return Text(f"{item.kind}<{item.pk}> ").append(item.uuid[:_UUID], style="dim").append(f" {what}")
