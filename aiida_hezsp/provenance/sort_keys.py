"""What predictions can be sorted by; on its own, so that the help of a command needs no AiiDA."""

__all__ = ("SORT_KEYS",)

SORT_KEYS = ("msd", "msd_low", "x_li", "s_config", "n_elements", "volume", "formula", "type")
