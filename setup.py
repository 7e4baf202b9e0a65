"""The compiled part of the package; everything else about it stands in pyproject.toml.

The extension is optional: where no compiler is found, or it fails, the package is installed without the kernel, and
CHGNet is evaluated by PyTorch. `hezsp-engine --version` and every job's output say which it is.
"""

from pathlib import Path

from pybind11.setup_helpers import Pybind11Extension
from setuptools import setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

SOURCES = "aiida_hezsp/potential/native/src"
# Contracting products and sums and never trapping change nothing from run to run; no option depends on the processor.
OPTIONS = ["-O3", "-funroll-loops", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-Wno-psabi"]


class BuildKernel(build_ext):
    """Builds with OpenMP, or without where the compiler has none."""

    def build_extension(self, ext: Pybind11Extension) -> None:
        """Build the extension."""
        ext.extra_compile_args += ["-fopenmp"]
        ext.extra_link_args += ["-fopenmp"]
        try:
            super().build_extension(ext)
        except CompileError:
            ext.extra_compile_args.remove("-fopenmp")
            ext.extra_link_args.remove("-fopenmp")
            super().build_extension(ext)


setup(
    ext_modules=[
        Pybind11Extension(
            "aiida_hezsp.potential.native._kernel",
            [
                f"{SOURCES}/{name}.cpp"
                for name in (
                    "module",
                    "model",
                    "graph",
                    "evaluation",
                    "evaluation_edges",
                    "evaluation_angles",
                    "kernels_plain",
                    "kernels_avx2",
                    "kernels_avx512",
                )
            ],
            depends=[str(header) for header in Path(SOURCES).glob("*.hpp")],
            cxx_std=17,
            extra_compile_args=OPTIONS,
            optional=True,
        )
    ],
    cmdclass={"build_ext": BuildKernel},
)
