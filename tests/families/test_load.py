import pytest

from aiida_hezsp.errors import FamilyError, StructureError
from aiida_hezsp.families import load_family, shipped_families


def test_shipped():
    assert shipped_families() == ("lzsp",)


def test_own_file_and_its_folder(own_family, family):
    path = own_family(lambda data: data.update(name="mine"))
    mine = load_family(path)
    assert mine.name == "mine"
    assert load_family(path.parent) == mine
    assert mine.structures == family.structures


def test_unknown_name():
    with pytest.raises(FamilyError, match="no family 'garnet'; expected one of lzsp"):
        load_family("garnet")


def test_missing_key_names_file_and_key(own_family):
    path = own_family(lambda data: data.pop("types"))
    with pytest.raises(FamilyError, match=r"family.yaml: family: types: Field required"):
        load_family(path)


@pytest.mark.parametrize("text", ["a: [1", "- 1\n- 2\n", "\x00", ""])
def test_not_a_family_file(tmp_path, text):
    path = tmp_path / "family.yaml"
    path.write_text(text)
    with pytest.raises(FamilyError, match=r"family\.yaml: "):
        load_family(path)


def test_yaml_cannot_make_objects(tmp_path):
    path = tmp_path / "family.yaml"
    path.write_text("name: !!python/object/apply:os.getcwd []\n")
    with pytest.raises(FamilyError, match="not readable as YAML"):
        load_family(path)


@pytest.mark.parametrize("content", ["this is no CIF", "", "data_x\n_cell_length_a ?\n", "data_x\nloop_\n_a\n"])
def test_unreadable_cif(own_family, content):
    path = own_family(dict)
    (path.parent / "host.cif").write_text(content)
    with pytest.raises(StructureError, match=r"structures\.host: .*host\.cif cannot be read as a CIF") as caught:
        load_family(path)
    assert "\n" not in str(caught.value)


def test_missing_cif(own_family):
    path = own_family(lambda data: data["structures"].update(host="other.cif"))
    with pytest.raises(StructureError, match=r"other\.cif is not a file"):
        load_family(path)


def test_structures_must_be_names(own_family):
    path = own_family(lambda data: data.update(structures={"host": 3, "template": "template.cif"}))
    with pytest.raises(FamilyError, match=r"structures\.host: expected the name of a CIF"):
        load_family(path)


def test_swapped_cifs(own_family):
    path = own_family(lambda data: data.update(structures={"host": "template.cif", "template": "host.cif"}))
    with pytest.raises(FamilyError, match=r"structures\.host holds Li8 .* ask for Li6"):
        load_family(path)
