"""A study of one's own data: from the command to an answer, a model and a plan that is gone on with."""

from commands import QUICK, run

OWN = ["data=adding", "data.size=32", *QUICK, "pairs=3", "most_pairs=3", "preset=standard"]


def study(folder, *words):
    return run(folder, *words, module="study")


def test_where_every_run_fails_the_answer_says_why(tmp_path):
    done = study(tmp_path, *OWN, "plain=false", "sizes=false", "run_timeout=0.001")
    assert done.returncode == 1, done.stderr
    assert "No answer: no run of the GRU and LSTM completed. The first: not done within 0.001 seconds." in done.stdout
    assert len(list(tmp_path.rglob("report.html"))) == 1


def test_a_study_of_data_goes_to_an_answer_keeps_its_plan_and_trains_nothing_twice(tmp_path):
    done = study(tmp_path, *OWN)
    assert done.returncode == 0, done.stderr
    assert "GRU less LSTM" in done.stdout
    assert "3 pairs of gru and lstm at 3 learning rates, 18 runs" in done.stdout
    (kept,) = tmp_path.rglob("model.pt")
    assert f"predict   python -m rnncompare.predict results/study/{kept.parent.name} new.csv" in done.stdout
    records = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("record.json")}
    assert len(records) == 18 + 9 + 18  # a plain RNN, and half of the data

    again = study(tmp_path, *OWN)
    assert again.returncode == 0, again.stderr
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("record.json")} == records
    assert list(tmp_path.rglob("model.pt")) == [kept]

    more = study(tmp_path, *OWN[:-3], "pairs=4", "most_pairs=4", "preset=standard", "plain=false", "sizes=false")
    assert more.returncode == 0, more.stderr
    assert len(list(tmp_path.rglob("record.json"))) == len(records) + 6
    assert {path: path.stat().st_mtime_ns for path in records} == records
