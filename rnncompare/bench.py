"""``python -m rnncompare.bench``: step time and memory of every implementation over a grid of shapes."""

from __future__ import annotations

from rnncompare.base.signals import exit_on_ctrl_c, in_order

if __name__ == "__main__":
    exit_on_ctrl_c()  # while what follows is imported

import sys
from pathlib import Path

from tqdm import tqdm

from rnncompare.base.errors import MachineError, require
from rnncompare.base.isolation import preload
from rnncompare.cli.application import SOME_FAILED, Command, fail, run_hydra
from rnncompare.composition.compose import CONFIGS
from rnncompare.measurements import bench_suite
from rnncompare.measurements.cases import BenchSettings, Case, cases
from rnncompare.sweep import require_writable
from rnncompare.sweep.resources import usable_cores

DESCRIPTION = """Time every implementation of the cells that computes what torch's modules do, over a grid of shapes.

  python -m rnncompare.bench                    the whole grid
  python -m rnncompare.bench preset=quick       less than a minute
  python -m rnncompare.bench preset=gpu         on a GPU, with 30 runs trained as one
  python -m rnncompare.bench preset=torch       ours against torch's modules, from single steps on
  python -m rnncompare.bench cell=[gru,mgu] implementation=[torch,auto] shapes=[100,32,128,128] threads=[1,2]

Repeats are taken in turns A B A B; the table shows the median and the 10th to 90th percentile. GFLOP/s count matrix
products; the peak is that of an LSTM's recurrent product of one step, and may be exceeded where larger ones are faster.
MiB: the peak of a forward and backward pass. Exit code 1 where implementations disagree; these are not timed."""


def main() -> None:
    """Run the command."""
    if {"-m", "--multirun"} & set(sys.argv[1:]):
        fail("-m: a benchmark takes its grid as lists, such as cell=[lstm,gru] threads=[1,2]")
    preload()
    run_hydra(Command("bench", DESCRIPTION, BenchSettings, groups=("preset",), folder=CONFIGS / "bench"), bench)


@in_order("nothing was written")
def bench(requested: BenchSettings) -> None:
    """Measure what is ``requested``, print it and write it to its results folder.

    Raises:
        SettingError: something asked for is not there; nothing was measured.
        SystemExit: implementations disagree, or a case failed.
    """
    from rnncompare.measurements import bench_tables
    from rnncompare.report.figures import bench_times

    settings, hardware = bench_suite.check(requested)
    for threads in settings.threads:
        most = usable_cores()
        require(threads <= most, "threads", threads, f"at most {most}: the cores that this process may use")
    require_writable(settings.results_dir)
    total = len(cases(settings))
    with tqdm(total=total, unit="case", disable=None, leave=False, dynamic_ncols=True) as bar:

        def progress(case: Case, number: int) -> None:
            bar.update(number - bar.n)
            bar.set_postfix_str(f"{case.part} {case}")

        results = bench_suite.run(settings, hardware, progress)
    folder = Path(settings.results_dir)
    frame = bench_tables.to_frame(results.rows)
    print(f"{hardware}\n\n{bench_tables.text(results)}\n")
    try:
        bench_suite.write(results, settings)
        drawn = bench_times.draw_all(frame, hardware, folder) if len(frame) else []
    except OSError as error:
        raise MachineError(f"{error.filename}: {error.strerror}; the figures above are not kept") from error
    for path in (folder / "bench.json", folder / "bench.csv", *drawn):
        print(f"  {path}{' and .svg' if path.suffix == '.png' else ''}")
    if results.disagreements or results.failures:
        sys.exit(SOME_FAILED)


if __name__ == "__main__":
    main()
