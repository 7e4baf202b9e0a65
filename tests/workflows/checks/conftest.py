"""The VASP stand-in and CHGNet with the same weights: what DFT and a perfect model would be to each other."""

import pytest


@pytest.fixture
def both(codes, localhost):
    """Codes, and the namespace `vasp` with the stand-in that labels by CHGNet r2scan."""
    from types import SimpleNamespace

    from aiida import orm

    from aiida_hezsp.cli.environment import ENGINE_LABEL, STANDIN_FAMILY, STANDIN_LABEL

    localhost.set_minimum_job_poll_interval(0)
    vasp = {"code": codes[STANDIN_LABEL], "potential_family": orm.Str(STANDIN_FAMILY)}
    return SimpleNamespace(engine=codes[ENGINE_LABEL], vasp=vasp)


@pytest.fixture
def perfect(aiida_profile_clean):
    """The model that the stand-in labels by."""
    from aiida_hezsp.data import ChgnetModelData

    return ChgnetModelData.bundled("r2scan")
