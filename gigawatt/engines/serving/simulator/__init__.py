"""Requests one by one on a continuous-batching engine."""

from gigawatt.engines.serving.simulator.model import step_model
from gigawatt.engines.serving.simulator.run import replay
from gigawatt.engines.serving.simulator.types import Replay, Requests, Service, StepModel

__all__ = ["Replay", "Requests", "Service", "StepModel", "replay", "step_model"]
