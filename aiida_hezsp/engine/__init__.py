"""The executable `hezsp-engine` that a CalcJob runs on a computer; it never imports AiiDA."""

__all__ = ()
