"""Who publishes what under which licence: the metadata that an archive of data asks for."""

from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from aiida_hezsp.errors import ArchiveError

__all__ = ("METADATA_TEMPLATE", "Author", "DepositMetadata", "make_metadata", "read_metadata", "write_metadata")

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=10_000)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]

METADATA_TEMPLATE = """\
# Metadata of a record of the Materials Cloud Archive, for `aiida-hezsp export --metadata FILE`.
title: High-entropy NASICON electrolytes by active screening
description: >-
  What was computed, with what, and what it is good for.
authors:
  - name: Ada Lovelace
    affiliation: University of Somewhere      # optional
    orcid: 0000-0002-1825-0097                # optional
licence: CC-BY-4.0                            # identifier of https://spdx.org/licenses; CC0-1.0, MIT ...
keywords: [solid electrolyte, high entropy, machine learning]   # three at least
references:                                   # optional: DOIs or citations
  - "10.1000/xyz123"
"""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Author(_Model):
    """One author."""

    name: Name
    affiliation: Name | None = None
    orcid: Annotated[str, Field(pattern=r"^\d{4}-\d{4}-\d{4}-\d{3}[\dX]$")] | None = None


class DepositMetadata(_Model):
    """Metadata of an exported folder; what the Materials Cloud Archive asks for."""

    title: Text
    description: Text
    authors: Annotated[list[Author], Field(min_length=1)]
    licence: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+-]{1,63}$")]
    keywords: Annotated[list[Name], Field(min_length=3)]
    references: list[Text] = []


def read_metadata(path: Path) -> DepositMetadata:
    """Read a metadata file.

    Raises:
        ArchiveError: it is missing, is not YAML, or something in it is missing or wrong.
    """
    return make_metadata(load_yaml(path), str(path))


def load_yaml(path: Path) -> dict[str, Any]:
    """Return the content of a YAML file.

    Raises:
        ArchiveError: it is missing, is not YAML, or holds no mapping.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf8"))
    except OSError as error:
        raise ArchiveError(f"{path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ArchiveError(f"{path} is not YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(content, dict):
        raise ArchiveError(f"{path} is not a metadata file: `aiida-hezsp export --metadata-template` prints one")
    return content


def make_metadata(content: dict[str, Any], where: str) -> DepositMetadata:
    """Return checked metadata.

    Raises:
        ArchiveError: something is missing or wrong; all of it is named.
    """
    try:
        return DepositMetadata.model_validate(content)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, problem['loc']))}: {_message(problem)}" for problem in error.errors()]
        raise ArchiveError(
            f"metadata ({where}): {'; '.join(problems)}; `aiida-hezsp export --metadata-template` shows how it looks"
        ) from error


def write_metadata(metadata: DepositMetadata, path: Path) -> None:
    """Write metadata as YAML."""
    content = metadata.model_dump(exclude_none=True)
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100), encoding="utf8")


def _message(problem: Any) -> str:
    if problem["type"] == "missing":
        return "missing"
    if problem["loc"][-1] == "licence" and problem["type"] == "string_pattern_mismatch":
        return f"{problem['input']!r} is not an SPDX identifier, such as CC-BY-4.0"
    return str(problem["msg"])
