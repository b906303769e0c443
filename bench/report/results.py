# What was measured, and how two of them compare: medians, ranges, and whether a difference is more than noise.
#
# The rule: a difference counts when it shows, in the same direction, in every round (a round runs everything
# once, so its values were measured within a minute of each other), in four rounds at least, and is 2 % or more
# in the median. By chance alone five rounds agree one time in sixteen.
import statistics

CLEAR_ROUNDS_MIN = 4
CLEAR_RATIO_MIN = 1.02


class Values:
    """One figure of one run, a value for each round; None where that round failed."""

    def __init__(self, by_round):
        self.by_round = by_round
        self.all = sorted(value for value in by_round if value is not None)

    @property
    def median(self):
        return statistics.median(self.all)

    @property
    def least(self):
        return self.all[0]

    @property
    def most(self):
        return self.all[-1]

    @property
    def spread(self):
        """From the least to the most, as a part of the median."""
        return (self.most - self.least) / self.median


class Comparison:
    """One against another, round by round: how many times as much."""

    def __init__(self, one, other):
        self.ratios = [a / b for a, b in zip(one.by_round, other.by_round) if a is not None and b is not None]
        self.ratio = statistics.median(self.ratios) if self.ratios else one.median / other.median

    @property
    def is_clear(self):
        if len(self.ratios) < CLEAR_ROUNDS_MIN or max(self.ratio, 1 / self.ratio) < CLEAR_RATIO_MIN:
            return False
        return all(ratio > 1 for ratio in self.ratios) or all(ratio < 1 for ratio in self.ratios)


class Results:
    def __init__(self, raw):
        self.raw = raw
        self.rounds = raw["rounds"]

    def values(self, run, figure):
        return Values(self.raw["runs"][run]["values"][figure])

    def compare(self, run, other, figure):
        return Comparison(self.values(run, figure), self.values(other, figure))

    def missing(self):
        """Runs that failed in every round."""
        return [name for name, run in self.raw["runs"].items() if not run["values"]]

    def spreads(self):
        """Of every figure of every run that has two values, sorted."""
        every = (Values(values) for run in self.raw["runs"].values() for values in run["values"].values())
        return sorted(values.spread for values in every if len(values.all) > 1)
