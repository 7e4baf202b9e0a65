import pytest

from aiida_hezsp.errors import StandinError
from aiida_hezsp.standin.potcar import read_potcar
from aiida_hezsp.standin.potcars import placeholder_potcar


def test_headers_in_order(tmp_path):
    path = tmp_path / "POTCAR"
    path.write_text("".join(placeholder_potcar(symbol) for symbol in ("Zr_sv", "O")))
    zirconium, oxygen = read_potcar(path)
    assert (zirconium.element, zirconium.zval, zirconium.pomass) == ("Zr", 12.0, 91.224)
    assert (oxygen.element, oxygen.zval) == ("O", 6.0)


@pytest.mark.parametrize("text", ["", "no potential at all\n", "  TITEL = PAW_PBE Si\n End of Dataset\n"])
def test_unreadable_file_is_refused(tmp_path, text):
    path = tmp_path / "POTCAR"
    path.write_text(text)
    with pytest.raises(StandinError, match="POTCAR"):
        read_potcar(path)
