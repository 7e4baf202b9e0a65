"""One small sound archive for all tests of a session; every test changes a copy."""

import pytest
from archives import Forgery, small_archive


@pytest.fixture(scope="session")
def sound(aiida_profile, tmp_path_factory):
    """A small archive with one node of every kind that matters."""
    path = small_archive(tmp_path_factory.mktemp("sound"))
    aiida_profile.reset_storage()
    return path


@pytest.fixture
def forgery(sound):
    """Its members, to be changed."""
    return Forgery(sound)
