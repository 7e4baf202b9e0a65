"""Real runs of public test suites, and families of placeholders with the titles of the POTCARs they were made with."""

from pathlib import Path

import pytest

REAL = Path(__file__).parent / "real"


@pytest.fixture(scope="session")
def real():
    """The directory with output of real VASP; see its README."""
    return REAL


@pytest.fixture(scope="module")
def family_of(aiida_profile, tmp_path_factory):
    """Upload placeholders with given titles under a name; return the name."""
    from vasp_potcars import upload_placeholders

    aiida_profile.reset_storage()
    yield lambda name, *titles: upload_placeholders(name, titles, tmp_path_factory.mktemp(name))
    aiida_profile.reset_storage()


@pytest.fixture(scope="module")
def importer(family_of):
    """An importer whose family has the POTCAR of the silicon runs."""
    from aiida_hezsp.cli.environment import ensure_imported_code
    from aiida_hezsp.provenance.import_vasp import Importer

    family = family_of("silicon", "PAW_PBE Si 05Jan2001")
    return Importer(ensure_imported_code("vasp-imported"), family)


@pytest.fixture
def bring(importer, tmp_path_factory):
    """Import all runs below directories; return the imported ones and what was skipped."""
    from aiida_hezsp.errors import VaspRunError
    from aiida_hezsp.provenance.import_vasp import find_runs

    def bring_in(*directories):
        sources, skipped = find_runs(directories)
        runs = []
        for source in sources:
            try:
                runs.append(importer.add(importer.check(source, tmp_path_factory.mktemp("copy"))))
            except VaspRunError as error:
                skipped[str(source)] = str(error)
        return runs, skipped

    return bring_in
