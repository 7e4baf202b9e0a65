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
