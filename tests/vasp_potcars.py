"""Placeholder POTCARs with the titles of real ones: names and dates only, our own text."""

from aiida.plugins import DataFactory

from aiida_hezsp.standin.potcars import placeholder_potcar


def write_placeholders(titles, folder):
    """Write `folder/SYMBOL/POTCAR` for titles such as ``PAW_PBE Li_sv 10Sep2004``."""
    for title in titles:
        symbol = title.split()[1]
        text = placeholder_potcar(symbol).replace(f"PAW_PBE {symbol} hezsp-placeholder", title)
        path = folder / symbol / "POTCAR"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def upload_placeholders(name, titles, folder):
    """Upload placeholders as a family and return its name."""
    write_placeholders(titles, folder / name)
    DataFactory("vasp.potcar").upload_potcar_family(str(folder / name), name, "placeholders", stop_if_existing=False)
    return name
