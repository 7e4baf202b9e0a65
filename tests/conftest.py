"""Fixtures for all tests: AiiDA's own, the family, and the codes of this package on localhost."""

import os
import warnings

import hypothesis
import pytest

pytest_plugins = "aiida.tools.pytest_fixtures"

# One thread a process, as the engine runs its workers; torch reads this when it is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
warnings.filterwarnings("ignore", message="Creating AiiDA configuration folder")

# The first example of a test may import torch or shap, and machines are shared: no test is judged by its time.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session")
def family():
    """The shipped LZSP family."""
    from aiida_hezsp.families import load_family

    return load_family("lzsp")


@pytest.fixture
def localhost(aiida_profile_clean):
    """A computer configured for quick local jobs, in a clean profile."""
    from aiida_hezsp.cli.environment import ensure_computer

    return ensure_computer()


@pytest.fixture
def codes(localhost):
    """The engine and the VASP stand-in as codes, and the stand-in's placeholder potentials."""
    from aiida_hezsp.cli.environment import ensure_codes, ensure_standin_potentials

    ensure_standin_potentials()
    return ensure_codes(localhost)


@pytest.fixture(scope="module")
def discovery(aiida_profile, tmp_path_factory):
    """A small graph of the true shape, made by hand, in a clean profile; the end-to-end test has a real one."""
    from discovery_graph import fresh_discovery

    yield fresh_discovery(aiida_profile, tmp_path_factory.mktemp("discovery"))
    aiida_profile.reset_storage()


@pytest.fixture(scope="module")
def many(aiida_profile, tmp_path_factory):
    """300 predictions by GB and 60 by RF, linked as in the real graph, in a clean profile."""
    from many_predictions import fresh_many

    yield fresh_many(aiida_profile, tmp_path_factory.mktemp("many"))
    aiida_profile.reset_storage()


@pytest.fixture(scope="module")
def thousands(aiida_profile, tmp_path_factory):
    """5,000 predictions by GB, linked as in the real graph (27,000 nodes), in a clean profile."""
    from many_predictions import build_many

    aiida_profile.reset_storage()
    yield build_many(tmp_path_factory.mktemp("thousands"), 5000)
    aiida_profile.reset_storage()


@pytest.fixture(scope="module")
def best(discovery):
    """The prediction with the largest MSD."""
    return max(discovery.predictions.values(), key=lambda node: node["msd"])


@pytest.fixture
def empty_profile():
    """A second, empty profile; the first one is loaded again afterwards."""
    from aiida.manage import get_manager
    from aiida.storage.sqlite_temp import SqliteTempBackend

    manager = get_manager()
    before = manager.get_profile()
    manager.load_profile(SqliteTempBackend.create_profile("elsewhere"), allow_switch=True)
    yield
    manager.load_profile(before, allow_switch=True)
