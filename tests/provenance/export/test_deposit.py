"""The folder that is published: complete, consistent, checked by `sha256sum`, all or nothing."""

import csv
import json
import subprocess
import zipfile

import pytest
import yaml
from aiida import orm
from discovery_graph import FEATURES, STANDIN, calcfunction

from aiida_hezsp.errors import ArchiveError
from aiida_hezsp.provenance.deposit_metadata import make_metadata
from aiida_hezsp.provenance.export.deposit import export_deposit
from aiida_hezsp.provenance.predictions import rank_predictions
from aiida_hezsp.provenance.verify import verify

METADATA = {
    "title": "A test of publishing",
    "description": "Nothing was computed.",
    "authors": [{"name": "Ada Lovelace", "affiliation": "Somewhere", "orcid": "0000-0002-1825-0097"}],
    "licence": "CC-BY-4.0",
    "keywords": ["one thing", "another", "a third"],
}


@pytest.fixture(scope="module")
def deposit(discovery, tmp_path_factory):
    """The folder of the whole campaign, with one figure; and the report."""
    process = discovery.nodes.discover
    ranked = rank_predictions(process)

    def figures(folder):
        (folder / "figure-1.png").write_bytes(b"\x89PNG\r\n")
        return [("figure-1.png", "A figure.")]

    target = tmp_path_factory.mktemp("deposit") / "campaign"
    return export_deposit(ranked, target, make_metadata(METADATA, "here"), process=process, figures=figures)


def test_verify_and_sha256sum_accept_it(deposit):
    report = verify(deposit.path)
    assert report.findings == ()
    assert report.counts["predictions"] == 3
    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    checked = subprocess.run(command, cwd=deposit.path, check=True, capture_output=True, text=True)
    assert checked.stdout.count(": OK\n") == len(list(deposit.path.iterdir())) - 1
    assert [path.name for path in deposit.path.parent.iterdir()] == ["campaign"]


def test_readme_tells_what_it_is_worth(deposit):
    text = (deposit.path / "README.md").read_text(encoding="utf8")
    assert text.startswith("# A test of publishing\n\nAda Lovelace (Somewhere; ORCID 0000-0002-1825-0097)\n")
    assert f"**No VASP ran.** The labels behind these predictions come from the VASP stand-in ({STANDIN})" in text
    assert f"| nodes | {deposit.archive.n_nodes} |" in text
    assert "by region 2 high, 1 medium, 0 low" in text
    assert "![A figure.](figure-1.png)" in text
    assert "- ase 3.29" in text
    for label in deposit.archive.groups:
        assert f"`{label}`" in text
    for path in deposit.path.iterdir():
        assert f"`{path.name}`" in text or path.name == "README.md"


def test_models_are_the_nodes_files(deposit, discovery):
    model = discovery.nodes.sfmsd_model
    for name in ("model.skops", "model.json"):
        path = deposit.path / f"model-sfmsd-GB-{model.uuid[:8]}{name.removeprefix('model')}"
        assert path.read_bytes() == model.base.repository.get_object_content(name, mode="rb")
    weights = list(deposit.path.glob("*.safetensors"))  # all CHGNet nodes of this graph hold the same file
    assert [path.read_bytes() for path in weights] == [discovery.nodes.pretrained.get_content(mode="rb")]


def test_table_metadata_and_optimade(deposit, discovery):
    rows = list(csv.DictReader((deposit.path / "predictions.csv").open(encoding="utf8")))
    assert [float(row["msd_A2"]) for row in rows] == [144.25, 120.5, 60.5]
    assert yaml.safe_load((deposit.path / "metadata.yaml").read_text())["licence"] == "CC-BY-4.0"
    config = yaml.safe_load((deposit.path / "optimade.yaml").read_text(encoding="utf8"))
    assert config["config_version"] == "0.2.0"
    assert "no VASP ran" in config["database_description"]
    (entry,) = config["entries"]
    assert {definition["name"] for definition in entry["property_definitions"]} >= {"msd", "msd_low", "region"}
    derived = json.loads((deposit.path / "optimade-properties.json").read_text())
    by_msd = {node["msd"]: derived[node.creator.inputs.structure.uuid] for node in discovery.predictions.values()}
    assert by_msd[144.25] == {"region": "high", "label_source": "stand-in"}
    assert by_msd[60.5]["region"] == "medium"


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("README.md", lambda text: text.replace("| nodes | ", "| nodes | 1"), "the archive holds"),
        ("predictions.csv", lambda text: text.replace("144.25", "244.25"), "another MSD than the archive has"),
        ("predictions.csv", lambda text: text.replace("uuid", "what"), "cannot be read"),
        (
            "optimade.yaml",
            lambda text: text.replace("hezsp/structures/", "other/"),
            "a group that the archive does not",
        ),
        ("optimade.yaml", lambda _: "!!python/object/apply:os.system [id]", "cannot be read"),
        ("optimade-properties.json", lambda _: '{"0": {}}', "structures of no prediction"),
        ("metadata.yaml", lambda text: text.replace("licence", "license"), "licence: missing"),
    ],
)
def test_a_folder_that_contradicts_its_archive(deposit, tmp_path, name, change, message):
    """With the right checksums, so that only the comparison can tell. The archive is known to be sound."""
    from aiida_hezsp.provenance.verify.archive import check_archive
    from aiida_hezsp.provenance.verify.checksums import write_checksums
    from aiida_hezsp.provenance.verify.folder import verify_folder

    folder = copied(deposit.path, tmp_path / "copy")
    (folder / name).write_text(change((folder / name).read_text(encoding="utf8")), encoding="utf8")
    write_checksums(folder)
    known = SOUND.setdefault("check", None) or check_archive(folder / "predictions.aiida")
    SOUND["check"] = known
    findings = verify_folder(folder, known=known).findings
    assert any(finding.where == name and message in finding.message for finding in findings), findings


SOUND = {}


def copied(source, target):
    target.mkdir()
    for path in source.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target


def test_files_changed_added_or_gone(deposit, tmp_path):
    from aiida_hezsp.provenance.verify.checksums import check_checksums

    folder = copied(deposit.path, tmp_path / "copy")
    (folder / "README.md").write_text("another")
    (folder / "more.txt").write_text("more")
    (folder / "figure-1.png").unlink()
    (folder / "link").symlink_to("/etc/passwd")
    lines = [str(finding) for finding in check_checksums(folder)]
    assert "README.md: is not what its checksum says" in lines
    assert "SHA256SUMS: files without a checksum: link, more.txt" in lines
    assert "SHA256SUMS: files are missing: figure-1.png" in lines
    (folder / "SHA256SUMS").write_text(f"{'0' * 64}  ../../etc/passwd\n")
    assert any("line 1 is no checksum of a file of this folder" in str(finding) for finding in check_checksums(folder))


def test_zip_file_without_trajectories(deposit, discovery, tmp_path):
    target = tmp_path / "campaign.zip"
    ranked = rank_predictions(discovery.nodes.discover)
    report = export_deposit(ranked, target, make_metadata(METADATA, "here"), trajectories=False, zipped=True)
    assert report.archive.n_left_out == 9
    assert report.left_out_bytes > 61 * 8  # equal files count once
    with zipfile.ZipFile(target) as archive:
        assert {name.split("/")[0] for name in archive.namelist()} == {"campaign"}
        assert "Left out on purpose: 9 trajectories" in archive.read("campaign/README.md").decode()
    assert verify(target).findings == ()
    assert [path.name for path in tmp_path.iterdir()] == ["campaign.zip"]


def test_nothing_is_left_where_it_fails(deposit, discovery, best, tmp_path):
    """POTCAR text in the extras of a node: found in what was written, and the older export stays."""
    metadata, old = make_metadata(METADATA, "here"), tmp_path / "old"
    old.mkdir()
    (old / "SHA256SUMS").write_text("")
    best.creator.inputs.structure.base.extras.set("note", "VRHFIN =Li: s1p0 ... End of Dataset")
    rows = [row for row in rank_predictions() if row.uuid == best.uuid]
    try:
        for target, force in ((tmp_path / "new", False), (old, True)):
            with pytest.raises(ArchiveError, match="text of a POTCAR in the extras"):
                export_deposit(rows, target, metadata, overwrite=force)
    finally:
        best.creator.inputs.structure.base.extras.delete("note")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert [path.name for path in old.iterdir()] == ["SHA256SUMS"]


def test_what_is_there_is_not_replaced(discovery, best, tmp_path):
    rows, metadata = rank_predictions()[:1], make_metadata(METADATA, "here")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("mine")
    with pytest.raises(ArchiveError, match="exists already: choose another name, or add --force"):
        export_deposit(rows, tmp_path / "mine", metadata)
    with pytest.raises(ArchiveError, match="is not an exported folder"):
        export_deposit(rows, tmp_path / "mine", metadata, overwrite=True)
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "mine"
    with pytest.raises(ArchiveError, match="is not a directory"):
        export_deposit(rows, tmp_path / "no" / "where", metadata)


def test_the_newest_prediction_of_a_structure_is_served(discovery, best):
    """The older one is excluded by the name of its process: optimade-maker takes the last of several silently."""
    from aiida_hezsp.provenance.export.optimade import _queried
    from aiida_hezsp.provenance.export.selection import select

    again = orm.Dict({**best.get_dict(), "msd": 150.0, "features": dict.fromkeys(FEATURES, 1.0)})
    inputs = {"structure": best.creator.inputs.structure, "model": discovery.nodes.sfmsd_model}
    calcfunction("predict", inputs, {"result": again})
    selection = select([best, again])
    assert selection.superseded == (best.creator.uuid,)
    for definition in _queried(selection.superseded):
        assert definition["aiida_query"][0]["filters"]["uuid"] == {"!in": [best.creator.uuid]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"title": None}, "title"),
        ({"keywords": ["one", "two"]}, "keywords: List should have at least 3 items"),
        ({"licence": "my own licence"}, "'my own licence' is not an SPDX identifier"),
        ({"authors": []}, "authors"),
        ({"authors": [{"name": "A B", "orcid": "12"}]}, r"authors\.0\.orcid"),
        ({"license": "MIT"}, "license: Extra inputs"),
    ],
)
def test_metadata_that_will_not_do(change, message):
    with pytest.raises(ArchiveError, match=message) as caught:
        make_metadata(METADATA | change, "here")
    assert "\n" not in str(caught.value)


def test_the_template_is_valid():
    from aiida_hezsp.provenance.deposit_metadata import METADATA_TEMPLATE

    assert make_metadata(yaml.safe_load(METADATA_TEMPLATE), "template").licence == "CC-BY-4.0"
