"""What every task is made of: settings, examples, objectives, draws and downloads."""

from rnncompare.tasks.contract.generated import Generated
from rnncompare.tasks.contract.objectives import (
    IGNORED,
    BitsPerCharacter,
    Classification,
    CrossEntropy,
    Frames,
    Objective,
    Regression,
)
from rnncompare.tasks.contract.strings import Answers, Strings
from rnncompare.tasks.contract.task import Data, Examples, Task, fingerprint, fingerprint_of, pad, setting, stream

__all__ = [
    "IGNORED",
    "Answers",
    "BitsPerCharacter",
    "Classification",
    "CrossEntropy",
    "Data",
    "Examples",
    "Frames",
    "Generated",
    "Objective",
    "Regression",
    "Strings",
    "Task",
    "fingerprint",
    "fingerprint_of",
    "pad",
    "setting",
    "stream",
]
