"""The command `hezsp-engine`: run one job in one folder."""

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from aiida_hezsp.engine.errors import describe
from aiida_hezsp.engine.files import write_json
from aiida_hezsp.engine.jobs import JOBS, run_job
from aiida_hezsp.engine.layout import exploded
from aiida_hezsp.engine.versions import versions
from aiida_hezsp.errors import HezspError

__all__ = ("main",)

EXPLODED = 3

EXAMPLE = """example:
  input.json:      {"job": "relax", "model": "0.3.0", "structures": "structures.json", "workers": 2}
  structures.json: {"MgO": {"symbols": ["Mg", "O"], "cell": [[0, 2.1, 2.1], [2.1, 0, 2.1], [2.1, 2.1, 0]],
                            "positions": [[0, 0, 0], [2.1, 2.1, 2.1]]}}
  hezsp-engine relax      writes output.json and relaxed.json beside them

exit status: 0 done (a structure that failed is named in output.json), 1 the job failed (output.json says why),
2 wrong usage, 3 every structure left everything physical (output.json has them all), 143 ended by SIGTERM (no
output.json; what was finished stays, and the same command continues)."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `hezsp-engine` and return its exit status."""
    arguments = _parser().parse_args(argv)
    folder: Path = arguments.folder
    signal.signal(signal.SIGTERM, _terminate)
    # Idle OpenMP threads must sleep, not spin: several processes share the cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    output = folder / "output.json"
    output.unlink(missing_ok=True)
    try:
        result = run_job(arguments.job, folder)
        write_json(output, result)
    except HezspError as error:
        return _fail(output, error)
    except Exception as error:  # noqa: BLE001 - the caller reads output.json, not a traceback
        traceback.print_exc()
        return _fail(output, error)
    return EXPLODED if exploded(result) else 0


def _parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    parser = argparse.ArgumentParser(
        prog="hezsp-engine",
        description="Run one job of aiida-hezsp: reads input.json (and the files it names), writes output.json.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("job", choices=sorted(JOBS), help="kind of job; input.json must name the same")
    parser.add_argument("--version", action="version", version=_versions(), help="show what runs, kernel included")
    parser.add_argument("--folder", type=Path, default=Path(), help="where input.json is (default: here)")
    return parser


def _versions() -> str:
    """Return one line a package."""
    return "\n".join(f"{name}  {value}" for name, value in versions().items())


def _fail(output: Path, error: BaseException) -> int:
    """Report a job that failed."""
    code, message = describe(error)
    print(f"hezsp-engine: {message}", file=sys.stderr)  # noqa: T201 - the log of the job
    write_json(output, {"error": {"code": code, "message": message}})
    return 1


def _terminate(number: int, frame: FrameType | None) -> None:
    """Leave at SIGTERM by way of every `finally`: workers end, no half-written file is left."""
    del frame
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
