"""The dual of an Sdp in conic form, for SCS and Clarabel:

    minimise a'y    subject to    b - A y = s,    s in (nonnegative numbers) x (semidefinite matrices)
"""

import numpy as np
from scipy import sparse


def lower_by_columns(order, row, col):
    """SCS: position of entry (row <= col), counted down the columns of the lower triangle."""
    return row * order - row * (row - 1) // 2 + (col - row)


def upper_by_columns(order, row, col):
    """Clarabel: down the columns of the upper triangle."""
    return col * (col + 1) // 2 + row


def conic_form(problem, position):
    """A (sparse, by columns), b, and the sizes of the two cones; the position of an entry is the solver's own."""
    slacks = np.flatnonzero(problem.slack)
    size = problem.order * (problem.order + 1) // 2

    def vector_form(entries):
        scale = np.where(entries.row == entries.col, 1.0, np.sqrt(2))
        place = position(problem.order, entries.row.astype(np.int64), entries.col.astype(np.int64))
        return len(slacks) + place, entries.value * scale

    place, value = vector_form(problem.constraints)
    rows = np.concatenate([np.arange(len(slacks)), place])
    columns = np.concatenate([slacks, problem.constraints.matrix])
    values = -np.concatenate([problem.slack[slacks], value])
    shape = (len(slacks) + size, len(problem.rhs))
    a = sparse.csc_matrix((values, (rows, columns)), shape=shape)
    b = np.zeros(shape[0])
    place, value = vector_form(problem.cost)
    np.subtract.at(b, place, value)
    return a, b, len(slacks), problem.order
