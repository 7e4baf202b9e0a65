import pytest
from aiida.cmdline.commands.cmd_verdi import verdi
from click.testing import CliRunner


def run(*arguments):
    return CliRunner().invoke(verdi, ["data", "hezsp", *map(str, arguments)])


def test_group_is_reached_through_its_entry_point():
    from aiida.plugins.entry_point import load_entry_point

    from aiida_hezsp.cli.data import cmd_data

    assert load_entry_point("aiida.cmdline.data", "hezsp") is cmd_data


def test_model_list(discovery):
    rows = run("model", "list", "--raw").output.strip().splitlines()
    assert len(rows) == 6  # pretrained, two of each fine-tuning, SF-MSD
    assert [row.split()[0] for row in rows] == sorted((row.split()[0] for row in rows), key=int)
    pretrained = next(row for row in rows if row.split()[0] == str(discovery.nodes.pretrained.pk))
    assert pretrained.split()[1:3] == ["CHGNet", "0.3.0"]
    assert pretrained.split()[-1] == "-"
    assert sum("standin r2scan" in row for row in rows) == 5


def test_model_show(discovery):
    output = run("model", "show", discovery.nodes.sfmsd_model.pk).output
    assert "kind: GB" in output
    assert discovery.nodes.sfmsd_model.uuid in output
    assert discovery.nodes.pretrained.sha256 in run("model", "show", discovery.nodes.pretrained.uuid).output


def test_dataset_list_and_show(discovery):
    images = discovery.nodes.second_finetune.inputs.images
    rows = {row.split()[0]: row for row in run("dataset", "list", "--raw").output.strip().splitlines()}
    assert len(rows) == 6
    assert rows[str(images.pk)].split()[1:3] == ["4", "2"]
    output = run("dataset", "show", images.pk).output
    assert "n_images: 4" in output
    assert "standin r2scan: 4" in output


def test_dataset_export_is_read_by_ase(discovery, tmp_path):
    from ase.io import read

    images = discovery.nodes.second_finetune.inputs.images
    path = tmp_path / "images.xyz"
    assert run("dataset", "export", images.pk, "--output", path).exit_code == 0
    frames = read(path, index=":")
    original = images.get_images()
    assert len(frames) == len(original)
    assert [frame.get_potential_energy() for frame in frames] == pytest.approx(original.energies.tolist())
    again = run("dataset", "export", images.pk, "--output", path)
    assert again.exit_code == 1
    assert "exists already" in again.output


def test_prediction_list_and_show(discovery, best):
    rows = run("prediction", "list", "--raw").output.strip().splitlines()
    assert [row.split()[3] for row in rows] == ["144.2", "120.5", "60.5"]
    assert "msd: 144.25" in run("prediction", "show", best["formula"]).output


def test_filters(discovery, best):
    def first_column(*arguments):
        return {row.split()[0] for row in run(*arguments, "--raw").output.strip().splitlines()}

    from aiida import orm

    assert first_column("model", "list", "--kind", "GB") == {str(discovery.nodes.sfmsd_model.pk)}
    assert len(first_column("model", "list", "--kind", "CHGNet")) == 5
    assert len(first_column("dataset", "list", "--engine", "standin")) == 6
    assert first_column("dataset", "list", "--engine", "vasp") == set()
    assert first_column("model", "list", "--past-days", "0") == set()
    assert len(first_column("model", "list", "--past-days", "1")) == 6
    group, _ = orm.Group.collection.get_or_create("some of them")
    group.add_nodes([best, discovery.nodes.pretrained])
    assert first_column("model", "list", "--groups", group.label) == {str(discovery.nodes.pretrained.pk)}
    assert first_column("prediction", "list", "--groups", group.label) == {str(best.pk)}
    assert first_column("prediction", "list", "--msd", "140..") == {str(best.pk)}
    assert first_column("prediction", "list", "--limit", "1") == {str(best.pk)}
    result = run("prediction", "list", "--all-of", "hf")
    assert result.exit_code == 1
    assert "did you mean Hf?" in result.output


def test_wrong_nodes(discovery, best):
    result = run("model", "show", best.pk)
    assert result.exit_code == 2
    result = run("prediction", "show", discovery.nodes.pretrained.pk)
    assert result.exit_code == 1
    assert "is a ChgnetModelData, not a prediction" in result.output


def test_empty_profile(aiida_profile_clean):
    for what in ("model", "dataset", "prediction"):
        result = run(what, "list")
        assert result.exit_code == 0
        assert "Total results: 0" in result.output
