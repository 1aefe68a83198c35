"""Semidefinite programs as data.

    maximise <C, Z>    subject to    <A_i, Z> + s_i t_i = a_i,    Z >= 0,    t >= 0
    dual:  minimise a'y    subject to    sum y_i A_i - C >= 0,    s_i y_i >= 0 where s_i is not 0

Symmetric matrices are lists of entries in the upper triangle.
"""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Entries:
    row: np.ndarray  # row <= col
    col: np.ndarray
    value: np.ndarray  # of the matrix at (row, col) and at (col, row)
    matrix: np.ndarray  # which A_i


@dataclasses.dataclass(frozen=True)
class Sdp:
    order: int
    cost: Entries  # C; its `matrix` is all zero
    constraints: Entries
    slack: np.ndarray  # s
    rhs: np.ndarray  # a
    square: bool = False  # the quantity asked for is the square root of the optimum
    factor: float = 1.0  # and is multiplied by this

    def quantity(self, optimum):
        if self.square:
            optimum = np.sqrt(max(optimum, 0.0))
        return float(self.factor * optimum)


class Builder:
    """Collects entries; keeps those that are not 0 and brings them to the upper triangle."""

    def __init__(self):
        self.parts = []

    def add(self, matrix, row, col, value):
        matrix, row, col, value = np.broadcast_arrays(matrix, row, col, np.asarray(value, float))
        self.parts.append([a.ravel() for a in (matrix, row, col, value)])

    def entries(self):
        matrix, row, col, value = (np.concatenate(parts) for parts in zip(*self.parts))
        keep = value != 0
        low, high = np.minimum(row, col), np.maximum(row, col)
        return Entries(low[keep], high[keep], value[keep], matrix[keep])


def diagonal_sdp(cost, **properties):
    """maximise <cost, Z> with Z_ii = 1: the SDP of MaxCut's kind; `cost` is a full symmetric matrix."""
    order = len(cost)
    row, col = np.triu_indices(order)
    builder = Builder()
    builder.add(0, row, col, cost[row, col])
    constraints = Builder()
    constraints.add(np.arange(order), np.arange(order), np.arange(order), 1.0)
    return Sdp(order, builder.entries(), constraints.entries(), np.zeros(order), np.ones(order), **properties)
