"""LiPopt's linear program (Latorre, Rolland, Cevher 2020), by HiGHS; for linf.

The FGL in linf is the maximum of the polynomial t' W_1' D_1 ... D_L u over t in [-1, 1] and slopes in [0, 1], of degree
L + 1 for L hidden layers, which is the least degree that the hierarchy of Krivine and Handelman can take. With t = 2 y - 1
all variables lie in [0, 1], and the LP has a column X_S for each monomial and a row for each product of variables and their
complements, here all products along a path from an input to the output.

L = 1, degree 2: products of pairs that no term of the polynomial holds leave the optimum as it is (whatever the others are,
their columns have a feasible value), and so this is the whole LP of degree 2. Of the four products of a pair the two that
the sign of its coefficient can make active are kept.
L > 1: the products of variables of one layer, which the hierarchy also has, are left out: the value is at or above LiPopt's.
"""

import itertools
import resource

import highspy
import numpy as np
from scipy import sparse

from methods import Method, NotApplicable, Outcome, SolverFailed

METHOD = Method("lipopt", "LiPopt LP, HiGHS", "Latorre et al. 2020, written afresh", "lp", "claim", norms=("linf",))

BYTES_A_NONZERO = 32  # of a sparse matrix while it is being put together


def one_hidden_layer(weight, row):
    """Costs (to be maximised), rows A x <= upper; columns y, sigma, X."""
    neurons, inputs = weight.shape
    i, j = np.nonzero(weight * row[:, None])
    a = (weight * row[:, None])[i, j]
    count = inputs + neurons + len(a)
    cost = np.zeros(count)
    cost[inputs : inputs + neurons] = -np.bincount(i, a, neurons)
    cost[inputs + neurons :] = 2 * a
    x, y, sigma = inputs + neurons + np.arange(len(a)), j, inputs + i
    up, down = np.flatnonzero(a > 0), np.flatnonzero(a < 0)
    p, q = len(up), len(down)
    rows = np.concatenate([np.arange(p)] * 2 + [p + np.arange(p)] * 2 + [2 * p + np.arange(q)] * 3)
    cols = np.concatenate([x[up], y[up], x[up], sigma[up], y[down], sigma[down], x[down]])
    # X <= y, X <= sigma where a > 0;  y + sigma - X <= 1 where a < 0 (and X >= 0)
    values = np.repeat([1.0, -1.0, 1.0, -1.0, 1.0, 1.0, -1.0], [p, p, p, p, q, q, q])
    a_matrix = sparse.csr_matrix((values, (rows, cols)), shape=(2 * p + q, count))
    return cost, a_matrix, np.concatenate([np.zeros(2 * p), np.ones(q)])


def along_paths(hidden, row):
    shape = (hidden[0].shape[1], *(len(weight) for weight in hidden))
    places = range(len(shape))
    subsets = [s for size in range(1, len(shape) + 1) for s in itertools.combinations(places, size)]
    paths = np.prod([float(n) for n in shape])
    needed = paths * 3 ** len(shape) * BYTES_A_NONZERO
    if needed > min(resource.getrlimit(resource.RLIMIT_DATA)[0] % 2**63 or 2**63, 2**45):
        raise MemoryError(f"the LP has about {paths * 3 ** len(shape):.1e} nonzeros")
    index = np.indices(shape).reshape(len(shape), -1)
    sizes = [int(np.prod([shape[k] for k in s])) for s in subsets]
    offset = dict(zip(subsets, np.cumsum([0, *sizes])))
    column = {s: offset[s] + np.ravel_multi_index([index[k] for k in s], [shape[k] for k in s]) for s in subsets}
    coefficient = row[index[-1]].copy()
    for k, weight in enumerate(hidden):
        coefficient *= weight[index[k + 1], index[k]]
    full = tuple(places)
    cost = np.bincount(column[full], 2 * coefficient, sum(sizes))
    cost += np.bincount(column[full[1:]], -coefficient, sum(sizes))
    # prod_{k in on} z_k prod_{k not in on} (1 - z_k) >= 0, as -(...) <= 1 for on = {} and <= 0 else
    count = index.shape[1]
    rows, cols, values, upper = [], [], [], []
    patterns = [(), *subsets]
    for number, on in enumerate(patterns):
        upper.append(np.full(count, 0.0 if on else 1.0))
        for s in subsets:
            if set(on) <= set(s):
                rows.append(number * count + np.arange(count))
                cols.append(column[s])
                values.append(np.full(count, -((-1.0) ** (len(s) - len(on)))))
    shape = (len(patterns) * count, sum(sizes))
    a_matrix = sparse.csr_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(cols))), shape=shape)
    return cost, a_matrix, np.concatenate(upper)


def maximise(cost, a_matrix, upper):
    """<cost, x> over 0 <= x <= 1 and A x <= upper."""
    a_matrix.sum_duplicates()
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(cost), len(upper)
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, np.zeros(len(cost)), np.ones(len(cost))
    lp.row_lower_, lp.row_upper_ = np.full(len(upper), -highspy.kHighsInf), upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = a_matrix.indptr, a_matrix.indices, a_matrix.data
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("solver", "ipm")
    solver.setOptionValue("run_crossover", "off")
    solver.passModel(lp)
    solver.run()
    status = solver.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        raise SolverFailed(f"HiGHS: {solver.modelStatusToString(status)}")
    return solver.getInfo().objective_function_value


def bound(layers, norm, objective, **_):
    if norm != "linf":
        raise NotApplicable("LiPopt's LP is for linf")
    row = layers[-1][objective]
    lp = one_hidden_layer(layers[0], row) if len(layers) == 2 else along_paths(layers[:-1], row)
    value = maximise(*lp)
    details = {"degree": len(layers), "rows": lp[1].shape[0], "columns": lp[1].shape[1], "nonzeros": lp[1].nnz}
    return Outcome(float(value), f"degree {len(layers)}", details)
