"""Published verdicts come out of their records with scipy alone, by the script that docs/ ships."""

import pytest

from rnncompare.studies.verdicts import read_study
from tests.commands import ROOT, script

STUDY = ROOT / "results" / "published" / "second_study"


@pytest.fixture(scope="module")
def recompute():
    return script("recompute")


def test_the_script_gives_the_study_s_verdicts(recompute, capsys):
    agreed = 0
    for finding in read_study(STUDY).findings:
        if finding.measure != "quality":
            continue
        recompute.main(STUDY, finding.claim.name, finding.first, finding.second)
        said = {line[:32].strip(): line[32:].split(maxsplit=3) for line in capsys.readouterr().out.splitlines()}
        for task in finding.tasks:
            if task.title in said and task.effect is not None:
                mean, low, high, verdict = said[task.title]
                assert float(mean) == pytest.approx(task.effect.mean, abs=1e-4)
                assert float(low.strip("[,")) >= task.effect.low - 1e-4  # the study's interval is the wider
                assert float(high.strip("],")) <= task.effect.high + 1e-4
                same = verdict.strip() == task.verdict
                # the study's interval is the wider of this one and a bootstrap's, so it may leave more open
                wider = task.effect.high - task.effect.low > float(high.strip("],")) - float(low.strip("[,"))
                open_ = task.verdict == "cannot tell" and wider
                assert same or open_ or task.verdict in ("unconverged", "uninformative")
                agreed += same
    assert agreed >= 5
