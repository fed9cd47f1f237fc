"""What every task is made of: settings, examples, objectives, draws and downloads."""

from rnncompare.tasks.contract.task import Data, Examples, Task, fingerprint, setting, stream

__all__ = ["Data", "Examples", "Task", "fingerprint", "setting", "stream"]
