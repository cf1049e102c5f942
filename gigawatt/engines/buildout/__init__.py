"""Build-out: money, supply and power to accelerators online, month by month."""

from gigawatt.engines.buildout.construction import construction_payments, s_curve
from gigawatt.engines.buildout.schedule import plan_buildout
from gigawatt.engines.buildout.types import BuildoutInputs, BuildoutResult

__all__ = ["BuildoutInputs", "BuildoutResult", "construction_payments", "plan_buildout", "s_curve"]
