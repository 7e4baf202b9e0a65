"""Family lzsp: Li3Zr2Si2PO12, NASICON framework."""

__all__ = ()
