"""The evidence for each claim of a study, found among its records by the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnncompare.claims import Claim
from rnncompare.claims.evidence import Evidence
from rnncompare.studies.manifest import Manifest

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("arm", "task", "axis", "value", "rate", "added", "run_id")


def gather(
    manifest: Manifest, claim: Claim, records: pd.DataFrame, curves: pd.DataFrame, probes: pd.DataFrame
) -> Evidence:
    """What the study has for ``claim``; runs that are named and not recorded (yet) are just not there."""
    runs = _named(manifest, claim).merge(records.astype({"run_id": object}), on="run_id", how="inner")
    return Evidence(
        runs=runs,
        curves=curves[curves["run_id"].isin(runs["run_id"])] if len(runs) else curves.iloc[:0],
        probes=_probes(manifest.probes.get(claim.name, {}), probes),
        scales=manifest.scales,
        looks=manifest.looks,
    )


def _named(manifest: Manifest, claim: Claim) -> pd.DataFrame:
    """The runs of a claim, a row for each arm that they belong to."""
    import pandas as pd

    rows = [
        (
            arm,
            entry.task,
            manifest.tasks[entry.task]["axis"],
            entry.value,
            rate,
            rate not in entry.rates[: entry.began],
            run,
        )
        for arm, positions in manifest.arms.get(claim.name, {}).items()
        for entry in (manifest.entries[position] for position in positions)
        for rate, seeds in entry.runs.items()
        for run in seeds.values()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _probes(named: dict[str, list[str]], probes: pd.DataFrame) -> pd.DataFrame:
    arms = {probe: arm for arm, identities in named.items() for probe in identities}
    mine = probes[probes["probe_id"].isin(list(arms))]
    return mine.assign(arm=mine["probe_id"].map(arms))
