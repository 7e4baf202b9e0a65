"""Run `hezsp-engine` as a CalcJob does: a process of its own in a folder with files."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from aiida_hezsp.engine.main import main
from aiida_hezsp.engine.structures import write_structures

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}


class Folder:
    """A job's folder."""

    def __init__(self, path: Path):
        self.path = path

    def write(self, **settings):
        (self.path / "input.json").write_text(json.dumps(settings))
        return self

    def structures(self, **atoms):
        write_structures(self.path / "structures.json", atoms)
        return self

    def command(self, job):
        return [sys.executable, "-m", "aiida_hezsp.engine.main", job]

    def start(self, job):
        return subprocess.Popen(
            self.command(job), cwd=self.path, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, job):
        return subprocess.run(
            self.command(job), cwd=self.path, env=ENVIRONMENT, capture_output=True, text=True, check=False
        )

    def call(self, job):
        """Run in this process, where torch is loaded already."""
        return main([job, "--folder", str(self.path)])

    @property
    def output(self):
        return json.loads((self.path / "output.json").read_text())


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


@pytest.fixture
def lithia():
    atoms = bulk("Li2O", "fluorite", a=4.7)
    atoms.positions += np.random.default_rng(0).normal(0, 0.05, atoms.positions.shape)
    return atoms


@pytest.fixture
def fluoride():
    return bulk("LiF", "rocksalt", a=4.05).repeat((2, 1, 1))


@pytest.fixture
def zirconate():
    """Monoclinic-like zirconia with lithium: low symmetry, many steps to a minimum."""
    atoms = bulk("ZrO2", "fluorite", a=5.1).repeat((2, 1, 1))
    atoms += bulk("Li2O", "fluorite", a=4.7)[:1]
    atoms.positions[-1] = [2.6, 2.4, 2.7]
    atoms.positions += np.random.default_rng(1).normal(0, 0.1, atoms.positions.shape)
    return atoms
