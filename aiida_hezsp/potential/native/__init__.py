"""CHGNet by a kernel compiled for the processor: the fastest exact evaluation there is on CPUs.

`why_not` says why it cannot be used, where it cannot; the package works without it, on PyTorch.
"""

__all__ = ("why_not",)


def why_not() -> str | None:
    """Return None where the kernel is there, otherwise one sentence that says why it is not."""
    try:
        import aiida_hezsp.potential.native._kernel  # noqa: F401
    except ImportError as error:
        return f"the native kernel was not built when aiida-hezsp was installed (a C++17 compiler is needed): {error}"
    return None
