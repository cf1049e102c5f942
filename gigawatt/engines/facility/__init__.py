"""Facility: IT power to facility power by the hour, cooling, water, land."""
