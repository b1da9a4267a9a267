"""A table in files that the check of equality reads in several ways."""

import random
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

# Names that programs like to trip over; `x`, which feeds the model, is not among them.
NAMES = [
    "a", "B", "id", "a.b", "größe", "名前", "x y", "Straße-1", "semi;colon", "back`tick", "smile😀",
    "UPPER", "1st", "select", "_hidden", "quote'", 'double"quote', "(round)", "{curly}", "eq=uals",
    "comma,", "value", "percent%41", "tab\there", "é", "e\u0301", "a.b.c", "element", "key_value",
]
# In which times are shown, and where text means them.
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]


@dataclass
class Table:
    """`twin`: the same rows as plain Parquet, which tells what was written where Spark reads this one
    otherwise or not at all. `feature`: the column that feeds the model. `is_left_to_spark`: the embedded
    engine may refuse it and say so."""

    name: str
    path: Path
    format: str = "parquet"
    options: dict = field(default_factory=dict)
    zone: str = "UTC"
    twin: Path | None = None
    feature: str = "x"
    is_left_to_spark: bool = False


class Random(random.Random):
    """Random choices for one table, the same for each seed."""

    def __init__(self, seed):
        super().__init__(seed)
        self.numbers = np.random.default_rng(self.getrandbits(64))

    def chance(self, share):
        return self.random() < share

    def rows(self):
        return self.choice([0, 1, 2, 7, 30, 30, 100, 300])

    def names(self, count):
        """Names that are not the same to Spark."""
        chosen = {}
        for name in self.sample(NAMES, len(NAMES)):
            chosen.setdefault(name.lower(), name)
        return list(chosen.values())[:count]

    def features(self, rows):
        return [self.randrange(-4000, 4000) / 16 for _ in range(rows)]
