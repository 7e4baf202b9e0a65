"""Choose the compositions that get the next MD runs."""

from aiida import orm
from aiida.engine import calcfunction

__all__ = ("next_compositions",)


@calcfunction
def next_compositions(rule: orm.Dict, **inputs: dict[str, orm.Dict]) -> orm.Dict:
    """Choose by predicted MSD and its uncertainty, or at random.

    Args:
        rule: `n`, how many; `round`; and `acquisition`, `kappa`, `seed` (see `AcquisitionRule`).
        inputs: namespaces `features` (of `hezsp.features`, the whole pool, by batch) and `results` (of `hezsp.md`, what
            has run so far; none in the first round). What has run and failed is not chosen again.

    Returns:
        A Dict: `labels`, best first; `predicted` and `deviation` (A^2) of each label, null where the choice is random;
        `round`, `acquisition` (as used), `n_known`, and `best_known` (A^2).
    """
    import numpy as np

    from aiida_hezsp.sfmsd.acquisition import AcquisitionRule, choose_next, committee

    settings = rule.get_dict()
    rows = {label: row for node in inputs["features"].values() for label, row in node.get_dict()["rows"].items()}
    entries = {
        label: entry
        for node in inputs.get("results", {}).values()
        for label, entry in node.get_dict()["results"].items()
    }
    known = sorted(label for label, entry in entries.items() if entry["error"] is None and label in rows)
    unknown = sorted(set(rows) - set(entries))
    names = list(next(iter(rows.values())))
    x, candidates = (
        np.array([[rows[label][name] for name in names] for label in labels]).reshape(len(labels), len(names))
        for labels in (known, unknown)
    )
    y = np.array([entries[label]["msd"] for label in known])
    # Every round draws anew, also at random.
    choice = AcquisitionRule(settings["acquisition"], settings["kappa"], settings["seed"] + settings["round"])
    chosen = choose_next(x, y, candidates, settings["n"], choice) if unknown else []
    by_value = choice.acquisition != "random" and len(known) > 1 and bool(chosen)
    mean, deviation = committee(x, y, candidates[chosen], choice.seed) if by_value else (None, None)
    return orm.Dict(
        {
            "labels": [unknown[index] for index in chosen],
            "predicted": None if mean is None else mean.tolist(),
            "deviation": None if deviation is None else deviation.tolist(),
            "round": settings["round"],
            "acquisition": choice.acquisition if by_value else "random",
            "n_known": len(known),
            "best_known": float(y.max()) if known else None,
        }
    )
