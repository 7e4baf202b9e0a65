"""POTCAR text is found however it is packed; what only repeats its header is not taken for one."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest

from aiida_hezsp.provenance.verify import potcar
from aiida_hezsp.provenance.verify.limits import Limits
from aiida_hezsp.provenance.verify.potcar import TooLargeError, holds_potcar

TEXT = f" PAW_PBE Li 17Jan2003\n   VRHFIN =Li: s1p0\n{'0.1 ' * 50}\n End of Dataset\n".encode()
TABLES = b" PAW radial sets\n 0.1 0.2\n augmentation charges (non sperical)\n"
OUTCAR = b" POTCAR:    PAW_PBE Li 17Jan2003\n   VRHFIN =Li: s1p0\n   local pseudopotential read in\n"


def zipped(content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/POTCAR", content)
    return buffer.getvalue()


def tarred(content, mode="w"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        member = tarfile.TarInfo("POTCAR")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


PACKINGS = {
    "plain": lambda content: content,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": zipped,
    "tar": tarred,
    "tar.gz": lambda content: tarred(content, "w:gz"),  # as aiida-vasp keeps it
    "gzip in tar": lambda content: tarred(gzip.compress(content)),
    "gzip in zip": lambda content: zipped(gzip.compress(content)),
    "gzip cut off": lambda content: gzip.compress(content)[:-10],
}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("text", [TEXT, TABLES], ids=["whole", "tables only"])
def test_found_in_every_packing(packing, text):
    assert holds_potcar(io.BytesIO(PACKINGS[packing](b"x" * 1000 + text)))


@pytest.mark.parametrize("packing", PACKINGS)
def test_what_repeats_the_header_is_no_potcar(packing):
    assert not holds_potcar(io.BytesIO(PACKINGS[packing](OUTCAR)))


def test_marks_across_blocks_are_found(monkeypatch):
    monkeypatch.setattr(potcar, "_READ", 7)
    assert holds_potcar(io.BytesIO(TEXT))
    assert not holds_potcar(io.BytesIO(TEXT.replace(b"End of", b"End if")))


def test_packed_files_that_grow_too_large():
    with pytest.raises(TooLargeError, match="unpacks to more than 1000000 bytes"):
        holds_potcar(io.BytesIO(gzip.compress(bytes(2_000_000))), Limits(nested=1_000_000))
