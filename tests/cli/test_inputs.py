"""What users type becomes inputs: formulas, files, nodes, models, options."""

import click
import pytest
from aiida import orm
from hypothesis import given
from hypothesis import strategies as st

from aiida_hezsp.cli.inputs import (
    _label,
    atom_counts,
    check_model,
    check_structures,
    load_node_or_fail,
    model_node,
    read_options,
    read_structure_file,
    structures_for,
)
from aiida_hezsp.errors import CompositionError, FormulaError, ModelFileError, StructureError

HOST = "Li3Zr2Si2PO12"
CIF = """\
data_NaCl
_symmetry_space_group_name_H-M 'F m -3 m'
_symmetry_Int_Tables_number 225
_cell_length_a 5.64
_cell_length_b 5.64
_cell_length_c 5.64
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Na1 Na 0 0 0
Cl1 Cl 0.5 0.5 0.5
"""


@pytest.fixture
def cif(tmp_path):
    path = tmp_path / "my salt-1.cif"
    path.write_text(CIF)
    return path


@pytest.fixture
def node(aiida_profile_clean):
    structure = orm.StructureData(cell=[[4, 0, 0], [0, 4, 0], [0, 0, 4]])
    structure.append_atom(symbols="Li", position=(0, 0, 0))
    return structure.store()


def test_a_cif_is_read_with_its_symmetry(cif):
    structure = read_structure_file(cif)
    assert structure.composition.formula == "Na4 Cl4"
    assert structure.volume == pytest.approx(5.64**3)


def test_formulas_files_and_nodes_become_structures_by_label(family, cif, node):
    made = structures_for((HOST, str(cif), str(node.pk)), family, "primitive", 1)
    assert set(made) == {HOST, "s_my_salt_1", f"node_{node.pk}"}
    assert made[HOST].is_stored
    assert made[HOST].get_formula() == "Li6O24P2Si4Zr4"
    assert made["s_my_salt_1"].get_formula() == "Cl4Na4"
    assert made[f"node_{node.pk}"].uuid == node.uuid


def test_a_node_may_be_named_by_its_uuid(family, node):
    assert set(structures_for((node.uuid,), family, "primitive", 1)) == {f"node_{node.pk}"}


def test_cell_and_seed_are_those_of_the_decoration(family, node):
    formula = "Li3.5Zr1.5Al0.5Si2PO12"

    def positions(cell, seed):
        (structure,) = structures_for((formula,), family, cell, seed).values()
        return [(site.kind_name, site.position) for site in structure.sites]

    assert len(positions("supercell", 1)) == 4 * len(positions("primitive", 1)) == 164
    assert positions("primitive", 1) == positions("primitive", 1) != positions("primitive", 2)


def test_counting_atoms_stores_nothing(family, cif, node):
    before = orm.QueryBuilder().append(orm.Node).count()
    assert atom_counts((HOST, str(cif), str(node.pk)), family, "supercell", 1) == [160, 8, 1]
    check_structures((HOST, str(cif), str(node.pk)), family, "supercell")
    assert orm.QueryBuilder().append(orm.Node).count() == before


@pytest.mark.parametrize(
    ("argument", "error", "message"),
    [
        ("Li3Xx2Si2PO12", FormulaError, "unknown element 'Xx'"),
        ("nowhere.cif", StructureError, r"nowhere\.cif does not exist"),
        ("cells/POSCAR.vasp", StructureError, r"POSCAR\.vasp does not exist"),
        ("12345", click.ClickException, "node '12345' was not found"),
        ("00000000-0000-0000-0000-000000000000", click.ClickException, "was not found"),
    ],
)
def test_what_is_none_of_them_is_named(family, aiida_profile_clean, argument, error, message):
    for reader in (check_structures, lambda *arguments: structures_for(*arguments, 1)):
        with pytest.raises(error, match=message):
            reader((argument,), family, "primitive")


def test_a_composition_that_the_cell_cannot_hold_is_refused(family, aiida_profile_clean):
    quinary = "Li2.625Zr0.5Hf0.375Sn0.375Ti0.375Nb0.375Si2PO12"
    check_structures((quinary,), family, "supercell")
    with pytest.raises(CompositionError, match="primitive"):
        check_structures((quinary,), family, "primitive")


def test_no_structure_at_all_is_refused(family, aiida_profile_clean):
    with pytest.raises(StructureError, match="no structure is given"):
        check_structures((), family, "primitive")


def test_a_directory_is_not_a_structure_file(family, aiida_profile_clean, tmp_path):
    (tmp_path / "folder.cif").mkdir()
    with pytest.raises(StructureError, match=r"folder\.cif"):
        check_structures((str(tmp_path / "folder.cif"),), family, "primitive")


@given(st.text(min_size=1))
def test_labels_of_files_are_link_labels(text):
    from aiida.common.links import validate_link_label

    label = _label(text)
    validate_link_label(label)
    assert label.isascii()
    assert "__" not in label


def test_a_bundled_model_is_one_node(aiida_profile_clean):
    assert model_node("0.3.0").uuid == model_node("0.3.0").uuid


def test_checking_a_bundled_model_stores_nothing(aiida_profile_clean):
    check_model("0.3.0")
    assert orm.QueryBuilder().append(orm.Node).count() == 0


def test_a_model_may_be_a_file_or_a_node(aiida_profile_clean, tmp_path):
    from aiida_hezsp.potential.model_file import load_model, save_model

    save_model(tmp_path / "mine.safetensors", load_model("0.3.0"), name="mine")
    made = model_node(str(tmp_path / "mine.safetensors"))
    assert (made.name, made.is_stored) == ("mine", False)
    made.store()
    assert model_node(str(made.pk)).uuid == made.uuid
    (tmp_path / "cut.safetensors").write_bytes(b"short")
    with pytest.raises(ModelFileError, match=r"cut\.safetensors"):
        model_node(str(tmp_path / "cut.safetensors"))


def test_a_missing_node_and_one_of_another_type_are_told_apart(node):
    with pytest.raises(click.ClickException, match="node '99999' was not found in this profile"):
        load_node_or_fail("99999", orm.Dict)
    with pytest.raises(click.ClickException, match="is a StructureData; a Dict is needed here"):
        load_node_or_fail(str(node.pk), orm.Dict)
    assert load_node_or_fail(node.uuid[:8], orm.StructureData).pk == node.pk


def test_options_are_yaml_mappings():
    text = "{max_wallclock_seconds: 3600, queue_name: long, resources: {num_machines: 1}}"
    assert read_options(text, "--engine-options") == {
        "max_wallclock_seconds": 3600,
        "queue_name": "long",
        "resources": {"num_machines": 1},
    }
    assert read_options("{}", "--engine-options") == {}


@pytest.mark.parametrize("text", ["", "3", "[1]", "text", "{a", "a: b: c", "!!python/object/apply:os.getcwd []"])
def test_other_options_are_refused_by_name_in_one_line(text):
    with pytest.raises(click.ClickException, match="--vasp-options") as caught:
        read_options(text, "--vasp-options")
    assert "\n" not in caught.value.message
