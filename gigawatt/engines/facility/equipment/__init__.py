"""Machines of the cooling plant: chillers, dry coolers, towers, pumps and fans. Each is a curve, not a class."""
