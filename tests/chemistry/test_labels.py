import pytest

from aiida_hezsp.chemistry.labels import formula_of_label


@pytest.mark.parametrize(
    ("label", "formula"),
    [
        ("Li2p625Zr0p5Hf0p375Si2PO12", "Li2.625Zr0.5Hf0.375Si2PO12"),
        ("Li3Zr1.5Hf0.5Si2PO12", "Li3Zr1.5Hf0.5Si2PO12"),
        ("Np0p5U2", "Np0.5U2"),
        ("my_sample", "my_sample"),
    ],
)
def test_only_a_p_between_digits_is_a_point(label, formula):
    assert formula_of_label(label) == formula
