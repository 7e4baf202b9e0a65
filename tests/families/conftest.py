import shutil
from pathlib import Path

import pytest
import yaml

import aiida_hezsp.families

LZSP = Path(aiida_hezsp.families.__file__).parent / "lzsp"


@pytest.fixture
def own_family(tmp_path):
    """A user's own copy of the family file with its CIFs, and a function that changes it."""
    for name in ("family.yaml", "host.cif", "template.cif"):
        shutil.copy(LZSP / name, tmp_path / name)
    path = tmp_path / "family.yaml"

    def change(edit):
        data = yaml.safe_load(path.read_text())
        edit(data)
        path.write_text(yaml.safe_dump(data))
        return path

    return change
