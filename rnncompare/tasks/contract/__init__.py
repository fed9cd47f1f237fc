"""What every task is made of: settings, examples, objectives, draws and downloads."""

from rnncompare.tasks.contract.generated import AnyLength, Generated
from rnncompare.tasks.contract.objectives import (
    BitsPerCharacter,
    Classification,
    CrossEntropy,
    Frames,
    Objective,
    Regression,
)
from rnncompare.tasks.contract.task import IGNORED, Data, Examples, Task, fingerprint, setting, stream

__all__ = [
    "IGNORED",
    "AnyLength",
    "BitsPerCharacter",
    "Classification",
    "CrossEntropy",
    "Data",
    "Examples",
    "Frames",
    "Generated",
    "Objective",
    "Regression",
    "Task",
    "fingerprint",
    "setting",
    "stream",
]
