"""Content of an explorer page, made larger or stranger than the graph it was read from."""

from copy import deepcopy
from uuid import UUID

from aiida_hezsp.report.explorer.source import ExplorerContent

HOSTILE = "Li3Zr2</script><script>document.title='broken'</script><img src=x onerror=alert(1)>Si2PO12"


def enlarged(content: ExplorerContent, n: int) -> ExplorerContent:
    """Repeat the rows until there are n, each with a UUID and an MSD of its own, still largest MSD first."""
    table = deepcopy(content.table)
    size = len(table["columns"]["uuid"])
    numbers = sorted(range(n), key=lambda k: -(table["columns"]["msd"][k % size] - 1e-4 * (k // size)))
    rows = [number % size for number in numbers]
    columns = {name: [column[row] for row in rows] for name, column in table["columns"].items()}
    columns["uuid"] = [str(UUID(int=number + 1)) for number in numbers]
    columns["msd"] = [columns["msd"][k] - 1e-4 * (number // size) for k, number in enumerate(numbers)]
    for name in ("features", "shap", "own"):
        table[name] = {key: [column[row] for row in rows] for key, column in table[name].items()}
    structures = content.structures and [content.structures[row] for row in rows]
    return ExplorerContent({**table, "columns": columns}, structures)


def mixed(content: ExplorerContent) -> ExplorerContent:
    """Let every third row rest on labels of VASP."""
    table = deepcopy(content.table)
    table["engines"] = [["standin r2scan"], ["vasp 6.4.2"]]
    table["columns"]["engines"] = [int(k % 3 == 0) for k in range(len(table["columns"]["uuid"]))]
    return ExplorerContent(table, content.structures)


def hostile(content: ExplorerContent) -> ExplorerContent:
    """Put markup wherever the graph holds text that somebody typed."""
    table = deepcopy(content.table)
    table["title"] = HOSTILE
    table["columns"]["formula"][0] = HOSTILE
    table["engines"] = [["standin </script><script>document.title='broken'</script>"]]
    table["models"][0]["kind"] = "<b>GB</b>"
    return ExplorerContent(table, content.structures)


# States of the page by its address, and the same as a test of one row.
FILTERS = {
    "#in=Hf": lambda row: "Hf" in row["elements"],
    "#in=Hf.Sn&out=V": lambda row: {"Hf", "Sn"} <= row["elements"] and "V" not in row["elements"],
    "#in=Hf.Sn&any=1": lambda row: bool({"Hf", "Sn"} & row["elements"]),
    "#msd=40..70": lambda row: 40 <= row["msd"] <= 70,
    "#x_li=3.01..": lambda row: row["x_li"] >= 3.01,
    "#s_config=..1.5&region=medium.high": lambda row: row["s_config"] <= 1.5 and row["region"] in {"medium", "high"},
    "#type=5-1.4-1": lambda row: row["type"] in {"5-1", "4-1"},
    "#n=6.7": lambda row: row["n_elements"] in {6, 7},
    "#model=1": lambda row: row["model"] == 1,
    "#inside=1": lambda row: not row["outside"],
    "#q=hf0.375+nb": lambda row: "Hf0.375" in row["formula"] and "Nb" in row["formula"],
    "#in=Zr&out=Zr.Hf": lambda row: "Hf" not in row["elements"],
    "#in=Xx": lambda row: "Xx" in row["elements"],
}
# What the headings sort by.
KEYS = {
    "msd": lambda row: row["msd"],
    "width": lambda row: row["msd_high"] - row["msd_low"],
    "type": lambda row: row["type"],
    "x_li": lambda row: row["x_li"],
    "s_config": lambda row: row["s_config"],
}
