"""Units at the boundary: a closed table, one parser, one formatter.

Inside the engines numbers are plain floats in SI units and USD, and the name says the unit
(`SUFFIXES`). People write "1.2 GW", "60..65 B USD", "30 T tokens", "$0.065/kWh"; `parse` turns that into
the unit a field wants and refuses a unit of another dimension.
"""

from gigawatt.units.reading import convert, factor_of, parse, unit_of_name
from gigawatt.units.table import (
    ALIASES,
    BYTES_PER_GIB,
    COUNTED,
    DAYS_PER_YEAR,
    HOURS_PER_DAY,
    HOURS_PER_MONTH,
    HOURS_PER_YEAR,
    JOULES_PER_MWH,
    LITRES_PER_US_GALLON,
    MONTHS_PER_YEAR,
    SECONDS_PER_DAY,
    SECONDS_PER_HOUR,
    SECONDS_PER_MINUTE,
    SECONDS_PER_MONTH,
    SQUARE_METRES_PER_ACRE,
    SQUARE_METRES_PER_SQUARE_FOOT,
    SUFFIXES,
    UNITS,
    WATTS_PER_MEGAWATT,
    Dimension,
)
from gigawatt.units.words import say, three_digits

__all__ = [
    "ALIASES",
    "BYTES_PER_GIB",
    "COUNTED",
    "DAYS_PER_YEAR",
    "HOURS_PER_DAY",
    "HOURS_PER_MONTH",
    "HOURS_PER_YEAR",
    "JOULES_PER_MWH",
    "LITRES_PER_US_GALLON",
    "MONTHS_PER_YEAR",
    "SECONDS_PER_DAY",
    "SECONDS_PER_HOUR",
    "SECONDS_PER_MINUTE",
    "SECONDS_PER_MONTH",
    "SQUARE_METRES_PER_ACRE",
    "SQUARE_METRES_PER_SQUARE_FOOT",
    "SUFFIXES",
    "UNITS",
    "WATTS_PER_MEGAWATT",
    "Dimension",
    "convert",
    "factor_of",
    "parse",
    "say",
    "three_digits",
    "unit_of_name",
]
