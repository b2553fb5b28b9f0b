"""How sure an AUC is, also on few samples and at 1.0."""

from __future__ import annotations

import numpy as np

Z_99 = 2.576


def auc_bounds(auc: float, reals: int, fakes: int, z: float = Z_99) -> tuple[float, float]:
    """Return the lower and upper bound of an AUC measured on so many independent reals and fakes.

    The bounds are the true values from which the measured one lies z standard errors away, after Hanley and
    McNeil (Radiology 1982). Unlike the textbook interval, whose width is 0 at an AUC of 1, this one stays
    honest on few samples (Newcombe, Statistics in Medicine 2006, method 5).

    Example:
        >>> [round(bound, 2) for bound in auc_bounds(1.0, 10, 10)]
        [0.69, 1.0]
    """
    grid = np.linspace(0, 1, 4001)
    plausible = grid[np.abs(grid - auc) <= z * _standard_error(grid, reals, fakes) + 1e-9]
    return min(auc, float(plausible.min(initial=auc))), max(auc, float(plausible.max(initial=auc)))


def _standard_error(auc: np.ndarray, reals: int, fakes: int) -> np.ndarray:
    """Return the standard error of an AUC, after Hanley and McNeil, for each true value [N]."""
    both_fakes, both_reals = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (fakes - 1) * (both_fakes - auc**2) + (reals - 1) * (both_reals - auc**2)
    return np.sqrt(np.maximum(variance, 0) / (reals * fakes))
