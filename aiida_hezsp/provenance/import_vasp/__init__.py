"""Take finished VASP directories into the graph: calculations as aiida-vasp makes them, and a dataset of images."""

from aiida_hezsp.provenance.import_vasp.dataset import make_datasets
from aiida_hezsp.provenance.import_vasp.finding import RunFiles, find_runs
from aiida_hezsp.provenance.import_vasp.importing import Importer
from aiida_hezsp.provenance.import_vasp.reading import FinishedRun, read_run

__all__ = ("FinishedRun", "Importer", "RunFiles", "find_runs", "make_datasets", "read_run")
