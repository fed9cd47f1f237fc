"""The runs of a study under way: learning rates by seeds, which grow where a choice or a verdict is still open."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rnncompare.claims import measures
from rnncompare.claims.comparison import Side, end_that_matters
from rnncompare.claims.evidence import Evidence, graded, is_scored
from rnncompare.claims.finding import Finding
from rnncompare.records import run_id
from rnncompare.statistics import ArmGrid
from rnncompare.studies.manifest import ManifestEntry
from rnncompare.studies.planning import Plan
from rnncompare.studies.protocol import Condition, Entry
from rnncompare.studies.rates import neighbour, with_rate
from rnncompare.training.settings import RunSettings

if TYPE_CHECKING:
    import pandas as pd


FEWEST_TO_CHOOSE = 3  # seeds at which the range of rates is first checked


@dataclass
class Grids:
    """The grid of each entry: every rate of its condition on as many seeds as it needs so far.

    Attributes:
        plan: what is trained.
        rates: of each condition, the initial ones first.
        seeds: how many each entry has.
        held: entries that get no further seeds.
    """

    plan: Plan
    rates: dict[Condition, list[float]] = field(default_factory=dict)
    seeds: dict[Entry, int] = field(default_factory=dict)
    held: set[Entry] = field(default_factory=set)

    def __post_init__(self) -> None:
        for entry in self.plan.runs:
            self.rates.setdefault(entry.condition, list(entry.condition.rates))
            self.seeds.setdefault(entry, 0)

    def of(self, entry: Entry) -> Iterable[RunSettings]:
        """The runs of an entry, seed by seed."""
        for seed in range(self.seeds[entry]):
            for rate in self.rates[entry.condition]:
                yield with_rate(self.plan.runs[entry], rate, seed)

    def in_order(self) -> dict[str, RunSettings]:
        """All runs by id, ordered so that an early end leaves whole pairs, of the most important claims first."""
        entries = list(self.plan.runs)
        ranked = [
            ((self.plan.protocol.entries[entry], settings.seed, position), settings)
            for position, entry in enumerate(entries)
            for settings in self.of(entry)
        ]
        return {run_id(settings.config()): settings for _, settings in sorted(ranked, key=lambda item: item[0])}

    def named(self) -> list[ManifestEntry]:
        """The entries in the manifest's form."""
        named = []
        for entry in self.plan.runs:
            rates = self.rates[entry.condition]
            runs: dict[float, dict[int, str]] = {rate: {} for rate in rates}
            for settings in self.of(entry):
                runs[settings.train.learning_rate][settings.seed] = run_id(settings.config())
            named.append(
                ManifestEntry(
                    task=entry.task,
                    value=entry.value,
                    size=list(entry.condition.size),
                    overrides=list(entry.overrides),
                    rates=list(rates),
                    began=len(entry.condition.rates),
                    seeds=self.seeds[entry],
                    runs=runs,
                )
            )
        return named

    def require(self, pairs: int) -> None:
        """Make sure that every entry that is not held has at least this many seeds."""
        for entry, seeds in self.seeds.items():
            if entry not in self.held:
                self.seeds[entry] = max(seeds, pairs)

    def cut_short(self, records: pd.DataFrame) -> set[Entry]:
        """The entries of which the cap on updates cut every run at their best rate.

        Args:
            records: of the runs so far.
        """
        evidence = self._evidence(records)
        if evidence is None:
            return set()
        runs = graded(evidence)
        cut = runs.groupby(["arm", "rate"])["cut"].all()
        positions = {entry: position for position, entry in enumerate(self.plan.runs)}
        best = {entry: grid.rates[grid.chosen] for entry, grid in self._tuned(runs)}
        return {entry for entry, rate in best.items() if cut[positions[entry], rate]}

    def hold(self, hopeless: set[Entry]) -> list[str]:
        """Give no further seeds to comparisons that stay unconverged with any number of them.

        They are those of how well training ends in which an arm's entries on a task are all hopeless. An entry that
        another comparison needs goes on.

        Returns:
            What is held, in words.
        """
        held: dict[str, None] = {}
        on: set[Entry] = set()
        off: set[Entry] = set()
        for claim in self.plan.protocol.claims:
            for pair, task in itertools.product(claim.pairs, claim.tasks):
                at_end = all(measures.load(name).at_end for name in claim.measures)
                arms = [self.plan.protocol.arms[claim.name][arm] for arm in (pair.first, pair.second)]
                own = [{entry for entry in entries if entry.task == task} for entries in arms]
                if at_end and any(entries and entries <= hopeless for entries in own):
                    held[f"{claim.name} on {self.plan.tasks[task].scale.title}"] = None
                    off.update(*own)
                else:
                    on.update(*own)
        self.held = off - on
        return list(held)

    def widen(self, records: pd.DataFrame) -> list[Condition]:
        """Add a rate to each condition in which an arm's choice lies at an end of the range.

        Args:
            records: of the runs so far.

        Returns:
            The conditions that grew.
        """
        evidence = self._evidence(records)
        if evidence is None:
            return []
        ends: dict[Condition, set[Side | None]] = {condition: set() for condition in self.rates}
        for entry, grid in self._tuned(graded(evidence)):
            ends[entry.condition].add(end_that_matters(grid, self.plan.tasks[entry.task].scale.margin))
        for claim in self.plan.protocol.claims:
            mine = {entry for entries in self.plan.protocol.arms[claim.name].values() for entry in entries}
            for name, margin in claim.margins.items():
                own = measures.load(name)
                for entry, grid in self._tuned(own.scores(evidence)) if own.own_choice else ():
                    if entry in mine:
                        ends[entry.condition].add(end_that_matters(grid, margin))
        grown = []
        for condition, rates in self.rates.items():
            sides = sorted(side for side in ends[condition] if side) if condition.grows else []
            added = [rate for side in sides if (rate := neighbour(rates, side)) is not None]
            if added:
                rates += added
                grown.append(condition)
        return grown

    def deepen(self, findings: Sequence[Finding], looks: Sequence[int]) -> list[str]:
        """Give the arms of each comparison that is open, and may still be settled, the pairs of its next look.

        Args:
            findings: from the records so far.
            looks: the numbers of pairs at which the study is looked at.

        Returns:
            What is looked at again, in words.
        """
        again: dict[str, None] = {}
        for finding in findings:
            for task in finding.tasks:
                following = next((look for look in looks if look > task.seeds), None)
                hopeless = task.wanted is not None and task.wanted > 1.5 * looks[-1]
                if task.verdict != "cannot tell" or following is None or hopeless:
                    continue
                arms = self.plan.protocol.arms[finding.claim.name]
                for entry in (entry for arm in (finding.first, finding.second) for entry in arms[arm]):
                    if entry.task == task.task and entry in self.seeds and self.seeds[entry] < following:
                        self.seeds[entry] = following
                        again[f"{finding.claim.name} on {task.title}: {following} pairs"] = None
        return list(again)

    def _evidence(self, records: pd.DataFrame) -> Evidence | None:
        """The runs recorded so far, with each entry's position as its arm; None if none of them is scored."""
        import pandas as pd

        rows = [
            (position, entry.task, entry.value, settings.train.learning_rate, run_id(settings.config()))
            for position, entry in enumerate(self.plan.runs)
            for settings in self.of(entry)
        ]
        named = pd.DataFrame(rows, columns=["arm", "task", "value", "rate", "run_id"])
        recorded = named.merge(records, on="run_id", how="inner")
        if not is_scored(recorded):
            return None
        scales = {name: task.scale for name, task in self.plan.tasks.items()}
        return Evidence(recorded, pd.DataFrame(), pd.DataFrame(), scales)

    def _tuned(self, scored: pd.DataFrame) -> Iterator[tuple[Entry, ArmGrid]]:
        """The entries with enough seeds to choose a rate, and what chooses it, on the seeds that have every rate.

        Args:
            scored: the table of a measure, with entries' positions as arms.
        """
        entries = list(self.plan.runs)
        for position, own in scored.groupby("arm", sort=False):
            entry = entries[int(position)]
            tables = [
                own.pivot(index="rate", columns="seed", values=part).sort_index().astype(float)
                for part in ("validation", "loss")
            ]
            whole = tables[0].columns[tables[0].notna().all(axis=0)]
            enough = len(whole) >= min(FEWEST_TO_CHOOSE, self.seeds[entry])
            if enough and len(tables[0]) == len(self.rates[entry.condition]):
                validation, loss = (table[whole].to_numpy() for table in tables)
                yield entry, ArmGrid(tables[0].index.to_numpy(float), validation, loss, validation)
