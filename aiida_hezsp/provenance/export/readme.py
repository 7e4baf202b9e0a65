"""README.md of an exported folder: what is in it, what it is worth, how to use it again."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from aiida_hezsp import __version__
from aiida_hezsp.provenance.deposit_metadata import Author, DepositMetadata
from aiida_hezsp.provenance.distribution import region_of
from aiida_hezsp.provenance.export.archive import ExportReport
from aiida_hezsp.provenance.export.model_files import ModelFile
from aiida_hezsp.provenance.predictions import RankedPrediction
from aiida_hezsp.provenance.verify.checksums import CHECKSUMS
from aiida_hezsp.provenance.verify.folder import FILES

__all__ = ("Contents", "readme")

_SHOWN = 10


@dataclass(frozen=True)
class Contents:
    """What the README tells of.

    Attributes:
        metadata: title, authors, licence.
        report: what the archive holds.
        ranked: the predictions in the order of their MSD.
        models: files of the models.
        figures: name of the file, and what it shows.
        versions: of the software behind the results, by name.
        superseded: number of predictions that the OPTIMADE entries leave out.
        left_out_bytes: size of the trajectories that were left out; None if none was to be.
        process: UUID and label of the work chain, if it went along.
    """

    metadata: DepositMetadata
    report: ExportReport
    ranked: Sequence[RankedPrediction]
    models: Sequence[ModelFile]
    figures: Sequence[tuple[str, str]]
    versions: Mapping[str, str]
    superseded: int = 0
    left_out_bytes: int | None = None
    process: tuple[str, str] | None = None

    @property
    def engines(self) -> list[str]:
        """What labelled the images behind the predictions."""
        return sorted({engine for row in self.ranked for engine in row.label_engines})

    @property
    def standin(self) -> bool:
        """Whether the stand-in made labels behind a prediction."""
        return any(row.standin for row in self.ranked)


def readme(contents: Contents) -> str:
    """Return the text of README.md."""
    parts = (_head, _warning, _counts, _files, _groups, _results, _figures, _use, _reproduce, _software)
    return "\n".join(line for part in parts for line in (*part(contents), "")).rstrip() + "\n"


def _head(contents: Contents) -> Iterator[str]:
    metadata = contents.metadata
    yield f"# {metadata.title}"
    yield ""
    yield ", ".join(_author(author) for author in metadata.authors)
    yield ""
    yield metadata.description
    yield ""
    yield f"Licence: {metadata.licence}. Keywords: {', '.join(metadata.keywords)}."
    for reference in metadata.references:
        yield f"- {reference}"


def _author(author: Author) -> str:
    extra = [text for text in (author.affiliation, author.orcid and f"ORCID {author.orcid}") if text]
    return f"{author.name} ({'; '.join(extra)})" if extra else author.name


def _warning(contents: Contents) -> Iterator[str]:
    yield "## What made the labels"
    yield ""
    engines = ", ".join(contents.engines)
    if contents.standin:
        yield (
            f"**No VASP ran.** The labels behind these predictions come from the VASP stand-in ({engines}). The data "
            "show that the method runs; no number in them says anything about a material."
        )
    elif engines:
        yield f"The labels behind these predictions come from {engines}."
    else:
        yield "No DFT calculation is behind these predictions: the potential was used as it came, not fine-tuned."


def _counts(contents: Contents) -> Iterator[str]:
    report = contents.report
    yield "## What the archive holds"
    yield ""
    yield "| what | number |"
    yield "|---|---|"
    for name, count in (
        ("predictions", report.n_archived),
        ("nodes", report.n_nodes),
        ("links", report.n_links),
        ("files", report.n_files),
    ):
        yield f"| {name} | {count} |"
    yield ""
    kinds = ", ".join(f"{count} {kind}" for kind, count in report.node_types.items())
    yield f"{FILES['archive']} has {report.size_mb:.1f} MB. Nodes by kind: {kinds}."
    if contents.left_out_bytes is not None:
        yield ""
        yield (
            f"Left out on purpose: {report.n_left_out} trajectories ({contents.left_out_bytes / 1e6:.1f} MB before "
            "packing) that no calculation in the archive has used. The calculations that made them are here, with all "
            "other outputs; trajectories that were used to choose images are here too. Do not rehash these "
            "calculations for AiiDA's cache: it would take them for complete."
        )


def _files(contents: Contents) -> Iterator[str]:
    yield "## Files"
    yield ""
    yield f"- `{FILES['archive']}`: AiiDA archive, the predictions with everything they rest on"
    yield f"- `{FILES['table']}`: the predictions as a table, with features; units in the names of the columns"
    yield f"- `{FILES['optimade']}`, `{FILES['properties']}`: how optimade-maker serves the archive over OPTIMADE"
    yield f"- `{FILES['metadata']}`: title, authors, licence, keywords"
    for model in contents.models:
        names = ", ".join(f"`{name}`" for name in model.files)
        engines = ", ".join(model.label_engines) or "no labels of ours"
        yield f"- {names}: {model.what}; labels: {engines}; node {model.uuid}"
    for name, caption in contents.figures:
        yield f"- `{name}`: {caption}"
    yield f"- `{CHECKSUMS}`: checksums of all files, for `sha256sum -c {CHECKSUMS}`"


def _groups(contents: Contents) -> Iterator[str]:
    yield "## Groups in the archive"
    yield ""
    kinds = {"predictions": "the predictions (Dict)", "structures": "the relaxed structures they belong to"}
    for label in contents.report.groups:
        kind = label.split("/")[1] if label.count("/") else ""
        yield f"- `{label}`: {kinds.get(kind, 'nodes')}"


def _results(contents: Contents) -> Iterator[str]:
    rows = contents.ranked
    regions = [region_of(row.msd) for row in rows]
    parts = ", ".join(f"{regions.count(name)} {name}" for name in ("high", "medium", "low"))
    yield "## Results"
    yield ""
    yield f"Predicted MSD: {rows[-1].msd_text} to {rows[0].msd_text} Å²; by region {parts}. The highest:"
    yield ""
    yield "| formula | MSD (Å²) | interval | model | UUID |"
    yield "|---|---|---|---|---|"
    for row in rows[:_SHOWN]:
        yield f"| {row.formula} | {row.msd_text} | {row.interval_text or '-'} | {row.model_kind or '-'} | {row.uuid} |"
    if contents.report.n_archived > len(rows):
        yield ""
        yield (
            f"The table has {len(rows)} of the {contents.report.n_archived} predictions in the archive: copies made by "
            "AiiDA's cache count once."
        )
    if contents.superseded:
        yield ""
        yield (
            f"OPTIMADE serves the newest prediction of each structure; {contents.superseded} others are in the archive."
        )


def _figures(contents: Contents) -> Iterable[str]:
    if not contents.figures:
        return ()
    return ("## Figures", "", *(f"![{caption}]({name})" for name, caption in contents.figures))


def _use(contents: Contents) -> Iterator[str]:
    best = contents.ranked[0]
    yield "## Use"
    yield ""
    yield "Check before importing (no profile needed), then import and follow a number to its DFT calculations:"
    yield ""
    yield "```console"
    yield f"$ sha256sum -c {CHECKSUMS}"
    yield "$ pip install aiida-hezsp"
    yield "$ aiida-hezsp verify ."
    yield "$ verdi presto"
    yield f"$ verdi archive import {FILES['archive']}"
    yield "$ aiida-hezsp rank"
    yield f"$ aiida-hezsp trace {best.uuid}"
    yield "```"
    yield ""
    yield "Serve it over OPTIMADE, in an environment of its own:"
    yield ""
    yield "```console"
    yield "$ pip install 'optimade-maker[aiida]==1.0.0'"
    yield "$ optimake serve ."
    yield "$ curl -g 'http://127.0.0.1:5000/structures?filter=elements HAS \"Hf\" AND _optimake_msd>120.0'"
    yield "```"


def _reproduce(contents: Contents) -> Iterator[str]:
    yield "## Reproduce"
    yield ""
    yield (
        "Every process in the archive has its inputs (parameters, seeds, models, structures) and, in its outputs, the "
        "versions of the software that ran. VASP's potentials are named by hash (PotcarData); their text is licensed "
        "and not here."
    )
    if contents.process is not None:
        uuid, label = contents.process
        yield ""
        yield f"The campaign is the work chain `{uuid}` ({label}). To run it again with the same inputs:"
        yield ""
        yield "```python"
        yield "from aiida import load_profile, orm"
        yield "from aiida.engine import submit"
        yield ""
        yield "load_profile()"
        yield f'builder = orm.load_node("{uuid}").get_builder_restart()'
        yield "# codes and computers are those of the authors: replace them by yours, then"
        yield "submit(builder)"
        yield "```"


def _software(contents: Contents) -> Iterator[str]:
    yield "## Software"
    yield ""
    yield f"Exported by aiida-hezsp {__version__}. Behind the results:"
    yield ""
    for name, version in contents.versions.items():
        yield f"- {name} {version}"
