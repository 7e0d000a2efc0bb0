"""What a gate cannot do without."""

import scipy.stats  # noqa: F401 - its import is the point
