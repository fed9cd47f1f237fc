"""Small classification sets of the UCR/UEA archive of time series (Dau et al. 2019; Bagnall et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rnncompare.base.errors import require
