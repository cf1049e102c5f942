"""Uncertainty: the whole plan under draws from the ranges of its figures, what drives it, and what knowing is worth."""

from gigawatt.planning.study.answer import Band, Choice, Driver, Fan, StudyAnswer, Target
from gigawatt.planning.study.ask import GOAL, SAMPLES_COUNT, Question
from gigawatt.planning.study.run import run_study

__all__ = [
    "GOAL",
    "SAMPLES_COUNT",
    "Band",
    "Choice",
    "Driver",
    "Fan",
    "Question",
    "StudyAnswer",
    "Target",
    "run_study",
]
