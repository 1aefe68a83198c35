"""ECLipsE's stages, its published formulation written afresh for the interior-point solver CSDP; for l2.

The authors' package gives the stages to a first-order solver, whose solutions rarely pass its check. With X_0 = I, each
stage takes

    maximise c   subject to   [ Lam - c W_{k+1}' W_{k+1},  Lam K^1/2 ;  K^1/2 Lam,  I ] >= 0,   K = W_k X_{k-1}^-1 W_k' / 4,

and goes on with X_k = Lam - Lam K Lam. The bound is sqrt(lambda_max(W X_L^-1 W')) with the last weight W, whatever the
solver's accuracy, as long as every X_k is positive definite; to this end Lam is reduced by a little.
"""

import numpy as np

import natural_sdp
import sdp
import sdpa_format
from methods import Method, NotApplicable, Outcome, SolverFailed

METHOD = Method("eclipse_csdp", "ECLipsE afresh, CSDP", "Xu, Sivaranjani 2024, written afresh", "chain", "rounding",
                norms=("l2",))

REDUCTIONS = (0.0, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3)


def square_root(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T


def stage(k_matrix, following):
    """Lam of one stage: the dual of an Sdp whose y is c, Lam."""
    neurons = len(k_matrix)
    i = np.arange(neurons)
    row, col = np.triu_indices(neurons)
    constraints = sdp.Builder()
    constraints.add(0, row, col, -(following.T @ following)[row, col])
    constraints.add(1 + i, i, i, 1.0)
    constraints.add(1 + i[:, None], i[:, None], neurons + i[None, :], square_root(k_matrix))
    cost = sdp.Builder()
    cost.add(0, neurons + i, neurons + i, -1.0)
    count = 1 + neurons
    problem = sdp.Sdp(2 * neurons, cost.entries(), constraints.entries(), np.ones(count), np.r_[-1.0, np.zeros(neurons)])
    text, status, y = sdpa_format.run("csdp", problem)
    if len(y) != count:
        raise SolverFailed(f"CSDP: exit status {status}")
    return np.clip(y[1:], 0, None)


def positive_definite(lam, k_matrix):
    """X for the largest reduced Lam with which it is positive definite."""
    for reduction in REDUCTIONS:
        reduced = (1 - reduction) * lam
        x = np.diag(reduced) - reduced[:, None] * k_matrix * reduced
        if np.linalg.eigvalsh(x)[0] > 0:
            return x
    raise SolverFailed("a stage's matrix is not positive definite")


def bound(layers, norm, objective, **_):
    if norm != "l2" or len(layers) < 2:
        raise NotApplicable("ECLipsE is for l2 and hidden layers")
    hidden, row, factor = natural_sdp.normalised(layers[:-1], layers[-1][objective], norm)
    x, scale = np.eye(hidden[0].shape[1]), 1.0  # X_k is scale * x
    for weight, following in zip(hidden, [*hidden[1:], row[None, :]]):
        k_matrix = weight @ np.linalg.solve(x, weight.T) / 4
        k_matrix = (k_matrix + k_matrix.T) / 2
        x = positive_definite(stage(k_matrix, following), k_matrix)
        size = np.linalg.norm(x, 2)
        x, scale = x / size, scale * size
    return Outcome(float(factor * np.sqrt(row @ np.linalg.solve(x, row) / scale)), f"{len(hidden)} stages")
