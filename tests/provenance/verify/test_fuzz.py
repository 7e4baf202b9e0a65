"""Whatever bytes an archive has, verify ends with a report: bytes flipped, cut, swapped, in every layer."""

import zipfile

from archives import DATABASE, METADATA, Forgery
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiida_hezsp.provenance.verify import verify
from aiida_hezsp.provenance.verify.findings import VerifyReport

FEW = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
PLACES = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=6)


def damaged(content, places, cut):
    changed = bytearray(content)
    for place, mask in places:
        changed[int(place * len(changed))] ^= mask
    return bytes(changed[: max(1, int(cut * len(changed)))])


def judged(path):
    """Verify; return the report, whose lines must be printable."""
    report = verify(path)
    assert isinstance(report, VerifyReport)
    assert all("\n" not in str(finding) for finding in report.findings)
    return report


@FEW
@given(places=PLACES, cut=st.sampled_from([1.0, 1.0, 0.99, 0.5]))
def test_bytes_of_the_file(sound, tmp_path, places, cut):
    (tmp_path / "a.aiida").write_bytes(damaged(sound.read_bytes(), places, cut))
    judged(tmp_path / "a.aiida")


@FEW
@given(places=PLACES, cut=st.sampled_from([1.0, 1.0, 0.99, 0.5]), name=st.sampled_from([METADATA, DATABASE]))
def test_bytes_of_metadata_and_database_in_a_whole_zip_file(sound, tmp_path, places, cut, name):
    forgery = Forgery(sound)
    forgery.members[name] = damaged(forgery.members[name], places, cut)
    judged(forgery.write(tmp_path / "a.aiida"))


@settings(FEW, max_examples=25)
@given(
    places=PLACES,
    cut=st.sampled_from([1.0, 0.9]),
    kind=st.sampled_from(["ChgnetModelData", "SfmsdModelData", "ImageData", "ArrayData"]),
)
def test_bytes_of_the_files_of_nodes_with_fitting_checksums(sound, tmp_path, places, cut, kind):
    """A forger fits the checksums of the archive: then the loaders have to see it."""
    forgery = Forgery(sound)
    _, files = forgery.files_of(tmp_path, kind)
    changed = {name: damaged(content, places, cut) for name, content in files.items()}
    judged(forgery.swap(tmp_path, kind, changed).write(tmp_path / "a.aiida"))


@FEW
@given(content=st.binary(max_size=400))
def test_any_bytes(tmp_path, content):
    (tmp_path / "a.aiida").write_bytes(content)
    assert not judged(tmp_path / "a.aiida").ok


@FEW
@given(members=st.dictionaries(st.text(min_size=1, max_size=12), st.binary(max_size=60), max_size=4))
def test_any_zip_file(tmp_path, members):
    with zipfile.ZipFile(tmp_path / "a.aiida", "w") as archive:
        for name, content in members.items():
            archive.writestr(name.encode("utf8", "ignore").decode("utf8").replace("\0", "") or "x", content)
    assert not judged(tmp_path / "a.aiida").ok
