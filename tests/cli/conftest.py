"""The small graph that the tests of this folder read."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1]))


@pytest.fixture(scope="module")
def discovery(aiida_profile, tmp_path_factory):
    """A small graph of the true shape in a clean profile."""
    from discovery_graph import fresh_discovery

    yield fresh_discovery(aiida_profile, tmp_path_factory.mktemp("discovery"))
    aiida_profile.reset_storage()


@pytest.fixture(scope="module")
def best(discovery):
    """The prediction with the largest MSD."""
    return max(discovery.predictions.values(), key=lambda node: node["msd"])
