"""What the factorised evaluator refuses; how exact it is, is tested in `tests/potential/exactness`."""

import pytest
from ase.build import bulk

from aiida_hezsp.errors import ExplosionError, ModelFileError
from aiida_hezsp.potential import make_evaluator


def test_overlapping_atoms_do_not_fill_the_memory(pbe):
    atoms = bulk("LiF", "rocksalt", a=1.2)
    with pytest.raises(ExplosionError, match="atoms lie on one another"):
        make_evaluator(pbe, "torch").evaluate(atoms.numbers, atoms.positions, atoms.cell.array)


@pytest.mark.parametrize(
    ("arguments", "name"), [({"non_linearity": "tanh"}, "non_linearity"), ({"mlp_first": False}, "mlp_first")]
)
def test_other_architectures_are_sent_to_stock(arguments, name):
    from chgnet.model import CHGNet

    with pytest.raises(ModelFileError, match=f"{name}=.* cannot be factorised: use the backend 'stock'"):
        make_evaluator(CHGNet(**arguments), "torch")
    assert make_evaluator(CHGNet(**arguments), "stock")
