"""A second, deliberately simple implementation of the Daybook contracts.

It is written from the contracts alone and shares nothing with the engine.
Everything is recomputed from the list of records for every question.
"""
from .oracle import Oracle, Config, Record  # noqa: F401
