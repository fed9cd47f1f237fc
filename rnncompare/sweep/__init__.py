"""Many runs, trained in processes of their own and recorded as soon as they end; what is recorded is not trained."""

from rnncompare.sweep.cluster import ClusterSettings, train_on_cluster
from rnncompare.sweep.keeper import Watcher, tidy
from rnncompare.sweep.plan import checked, find_missing, find_record, plan, record_path, recorded, require_writable
from rnncompare.sweep.runs import Train, check_jobs, train_all
from rnncompare.sweep.stacks import check_most, stacked_on_gpu, train_stacked

__all__ = [
    "ClusterSettings",
    "Train",
    "Watcher",
    "check_jobs",
    "check_most",
    "checked",
    "find_missing",
    "find_record",
    "plan",
    "record_path",
    "recorded",
    "require_writable",
    "stacked_on_gpu",
    "tidy",
    "train_all",
    "train_on_cluster",
    "train_stacked",
]
