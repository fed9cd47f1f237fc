"""Many runs: each trained in a process of its own and recorded as soon as it ends; what is recorded is not trained."""

from rnncompare.base.callable_module import make_callable
from rnncompare.sweep.cluster import ClusterSettings, train_on_cluster
from rnncompare.sweep.plan import checked, find_missing, find_record, plan, record_path, recorded, require_writable
from rnncompare.sweep.runs import Train, Watcher, check_jobs, train_all

make_callable(__name__)

__all__ = [
    "ClusterSettings",
    "Train",
    "Watcher",
    "check_jobs",
    "checked",
    "find_missing",
    "find_record",
    "plan",
    "record_path",
    "recorded",
    "require_writable",
    "train_all",
    "train_on_cluster",
]
