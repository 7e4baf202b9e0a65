"""Command line of `hezsp-vasp-standin`.

AiiDA starts a code by its path alone, so every option can also come from an environment variable, set in the code's
`prepend_text` (`export HEZSP_STANDIN_CALCULATOR=emt`).
"""

import argparse
import json
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aiida_hezsp.standin.banner import PROGRAM, VERSION

__all__ = ("main",)

_ENDS = ("normal", "unconverged", "ionic-unconverged", "die")

_EXAMPLE = """\
examples:
  hezsp-vasp-standin                                  in a folder with INCAR, POSCAR, KPOINTS and POTCAR
  hezsp-vasp-standin --calculator emt                 another calculator
  hezsp-vasp-standin --die-after 3 --once died        be killed after 3 ionic steps, the first time only
  hezsp-vasp-standin --write-potcars potcars          placeholder POTCARs for `aiida-vasp potcar uploadfamily`

environment (an option given on the command line wins):
  HEZSP_STANDIN_CALCULATOR, HEZSP_STANDIN_OPTIONS (JSON), HEZSP_STANDIN_THREADS, HEZSP_STANDIN_END,
  HEZSP_STANDIN_DIE_AFTER, HEZSP_STANDIN_ONCE
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run in the current folder; returns the exit status."""
    parser = _parser(os.environ)
    options = parser.parse_args(arguments)
    if options.write_potcars is not None:
        from aiida_hezsp.standin.potcars import write_placeholder_potcars

        sys.stdout.write(f"{write_placeholder_potcars(options.write_potcars)}\n")
        return 0
    return _run(options)


def _run(options: argparse.Namespace) -> int:
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(options.threads)
    warnings.simplefilter("ignore")  # Python's warnings would fill vasp_output, where aiida-vasp looks for VASP's
    from aiida_hezsp.standin.run import Options, run

    chosen = Options(
        calculator=options.calculator,
        calculator_options=options.calculator_options,
        threads=options.threads,
        end="die" if options.die_after is not None and options.end == "normal" else options.end,
        die_after=1 if options.die_after is None else options.die_after,
        once=options.once,
    )
    return run(Path.cwd(), chosen, sys.stdout)


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    def variable(name: str, default: str | None = None) -> str | None:
        return environment.get(f"HEZSP_STANDIN_{name}") or default

    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Stands in for VASP: reads its inputs, writes its outputs, labels by another calculator.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {VERSION} (no VASP)")
    parser.add_argument(
        "--calculator",
        metavar="NAME",
        default=variable("CALCULATOR", "chgnet-r2scan"),
        help="chgnet-r2scan (default), chgnet-0.3.0, chgnet-0.2.0, gpaw, or any ASE calculator by name",
    )
    parser.add_argument(
        "--calculator-options",
        metavar="JSON",
        type=_json_object,
        default=variable("OPTIONS", "{}"),
        help='keywords of the calculator, e.g. \'{"mode": {"name": "pw", "ecut": 400}}\'',
    )
    parser.add_argument("--threads", metavar="N", type=_positive, default=variable("THREADS", "1"), help="default 1")
    parser.add_argument(
        "--end",
        metavar="{" + ",".join(_ENDS) + "}",
        type=_end,
        default=variable("END", "normal"),
        help="unconverged: NELM is reached; ionic-unconverged: EDIFFG is never met; die: killed half-way",
    )
    parser.add_argument(
        "--die-after",
        metavar="N",
        type=_natural,
        default=variable("DIE_AFTER"),
        help="be killed after N ionic steps, leaving truncated files (implies --end die; default 1)",
    )
    parser.add_argument(
        "--once",
        "--die-once",
        metavar="FILE",
        type=Path,
        default=variable("ONCE"),
        help="end as told by --end only if FILE does not exist yet, and make it",
    )
    parser.add_argument(
        "--write-potcars",
        metavar="DIR",
        type=Path,
        help="write the placeholder POTCARs as DIR/hezsp-placeholder/SYMBOL/POTCAR, print that folder, and exit",
    )
    return parser


def _end(text: str) -> str:
    if text not in _ENDS:
        raise argparse.ArgumentTypeError(f"{text!r} (--end or HEZSP_STANDIN_END) is none of {', '.join(_ENDS)}")
    return text


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is not a JSON object")
    return value


def _positive(text: str) -> int:
    value = _natural(text)
    if value == 0:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _natural(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
