"""The AI engineer: policies of a fleet written by search or by a language model, judged by the simulator, and proven.

A question makes a bench of slices (`bench`, `slices`); proposals (`proposals`) are judged in processes of their
own (`judge`, `court`), scored (`score`) and kept (`archive`) by the search (`search`); the best is chosen and proven on
weeks that nobody has looked at (`proof`, `evidence`); what comes out is for people (`result`, `words`).
"""

from __future__ import annotations

from gigawatt.planning.engineer.evolve import EngineerAnswer, evolve, review
from gigawatt.planning.engineer.leaderboard import Place, leaderboard
from gigawatt.planning.engineer.question import Question
from gigawatt.planning.engineer.targets import TARGETS

__all__ = ["TARGETS", "EngineerAnswer", "Place", "Question", "evolve", "leaderboard", "review"]
