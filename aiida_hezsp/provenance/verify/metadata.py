"""The metadata.json of an AiiDA archive."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aiida_hezsp.provenance.verify.findings import Finding, one_line

__all__ = ("SCHEMA_VERSION", "check_metadata")

SCHEMA_VERSION = "main_0001"
"""Schema of the database that this package knows, written since aiida-core 2.0."""

CHECK = "metadata"
_OLDER = re.compile(r"main_0000[ab]?|0\.\d{1,2}")


class _Metadata(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    export_version: Annotated[str, Field(max_length=64)]
    aiida_version: Annotated[str, Field(max_length=64)]
    key_format: Literal["sha256"]
    compression: Annotated[int, Field(ge=0, le=9)] = 6
    ctime: Annotated[str, Field(max_length=64)] = ""
    creation_parameters: dict[str, Any] = {}


def check_metadata(content: bytes, where: str) -> list[Finding]:
    """Return what is wrong with the content of metadata.json."""
    try:
        metadata = _Metadata.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "JSON"
        return [Finding(CHECK, where, one_line(f"metadata.json is not that of an archive: {place}: {first['msg']}"))]
    version = metadata.export_version
    if version == SCHEMA_VERSION:
        return []
    if _OLDER.fullmatch(version):
        return [
            Finding(CHECK, where, f"schema version {version} is old: `verdi archive migrate` makes {SCHEMA_VERSION}")
        ]
    return [Finding(CHECK, where, f"schema version {one_line(version)!r} is unknown: {SCHEMA_VERSION} is needed")]
