"""Build-out: money, supply and power to accelerators online, month by month."""
