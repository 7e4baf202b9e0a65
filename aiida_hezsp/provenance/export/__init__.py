"""Predictions out of a profile, with everything they rest on: one archive, or a folder ready to be published."""

from aiida_hezsp.provenance.export.archive import ExportReport, export_archive, inspect_archive

__all__ = ("ExportReport", "export_archive", "inspect_archive")
