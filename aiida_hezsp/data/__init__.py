"""Data types with behaviour; every other result is a core type, readable without this package."""

from aiida_hezsp.data.chgnet_model import ChgnetModelData
from aiida_hezsp.data.images import ImageData
from aiida_hezsp.data.sfmsd_model import SfmsdModelData

__all__ = ("ChgnetModelData", "ImageData", "SfmsdModelData")
