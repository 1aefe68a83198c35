"""LipDiff's method (Wang et al., "On the Scalability and Memory Efficiency of Semidefinite Programs for Lipschitz Constant
Estimation of Neural Networks", ICLR 2024), its published formulation written afresh in NumPy; for l2.

The dual as an unconstrained problem with an exact penalty,

    minimise  zeta + gamma + T max(0, -lambda_min(M(zeta, gamma, lam))),

where T bounds the trace of the SDP's feasible matrices: 1 for the unit, 1 for the input, and for the neurons of layer k the
product of the squared spectral norms of the layers up to k, as |v| <= |w|. Every value on the way is an upper bound of the
SDP, so the best one is kept. lambda_min by Lanczos (ARPACK) from the last eigenvector, steps by Adam, in the logarithms
of the multipliers. It starts at the multipliers that prove the product bound. As Lanczos may miss the smallest eigenvalue,
the value at the best multipliers is computed once more from all eigenvalues.
"""

import time

import numpy as np
from scipy.sparse import linalg

import natural_sdp
from methods import Method, NotApplicable, Outcome

METHOD = Method("lipdiff", "LipDiff, afresh", "Wang et al. 2024, written afresh", "natural", "rounding", norms=("l2",),
                note="an anytime method, stopped when its time is up")

SECONDS = 30  # CPU seconds, where the run sets no budget
TIME_SHARE = 0.5  # of the run's limit
STEPS = 20000
RATE, BETA1, BETA2, TINY = 0.02, 0.9, 0.99, 1e-12


class Form:
    """M(y) of docs/method.md, (M13), for weights of spectral norm 1 (l2): y = zeta, gamma, then lam layer by layer."""

    def __init__(self, hidden, row):
        self.hidden, self.row = hidden, row
        self.sizes = [hidden[0].shape[1]] + [len(weight) for weight in hidden]
        self.begins = np.cumsum([1, *self.sizes])
        self.order = int(self.begins[-1])

    def split(self, z):
        return z[0], [z[b : b + n] for b, n in zip(self.begins, self.sizes)]

    def multiply(self, y, z):
        z = np.asarray(z).ravel()
        unit, v = self.split(z)
        result = np.empty(self.order)
        parts = self.split(result)[1]
        result[0] = y[0] * unit - self.row @ v[-1] / 2
        parts[0][:] = y[1] * v[0]
        at = 2
        for k, weight in enumerate(self.hidden, start=1):
            lam = y[at : at + len(weight)]
            at += len(weight)
            parts[k][:] = lam * (v[k] - weight @ v[k - 1] / 2)
            parts[k - 1][:] -= weight.T @ (lam * v[k]) / 2
        parts[-1][:] -= self.row * unit / 2
        return result

    def gradient(self, z):
        """Of z' M(y) z in y."""
        unit, v = self.split(z)
        slopes = [v[k] ** 2 - v[k] * (weight @ v[k - 1]) for k, weight in enumerate(self.hidden, start=1)]
        return np.concatenate([[unit**2, v[0] @ v[0]], *slopes])

    def start(self):
        """Multipliers of the product bound, which is |row| here: lam = |row|, gamma = zeta = |row| / 2."""
        size = np.linalg.norm(self.row)
        return np.concatenate([[size / 2, size / 2], np.full(self.order - 1 - self.sizes[0], size)])


def lanczos(form, y, guess):
    """The smallest eigenvalue and its vector, by Lanczos."""
    operator = linalg.LinearOperator((form.order, form.order), matvec=lambda z: form.multiply(y, z), dtype=float)
    values, vectors = linalg.eigsh(operator, k=1, which="SA", v0=guess, tol=1e-6, ncv=min(form.order, 40))
    return values[0], vectors[:, 0]


def smallest_of_all(form, y):
    dense = np.array([form.multiply(y, z) for z in np.eye(form.order)])
    return np.linalg.eigvalsh((dense + dense.T) / 2)[0]


def bound(layers, norm, objective, budget_s=None, **_):
    if norm != "l2" or len(layers) < 2:
        raise NotApplicable("LipDiff's form is for l2 and hidden layers")
    hidden, row, factor = natural_sdp.normalised(layers[:-1], layers[-1][objective], norm)
    form = Form(hidden, row)
    trace = 2.0 + len(hidden)  # every weight has spectral norm 1

    def value(y, smallest):
        return y[0] + y[1] + trace * max(0.0, -smallest)

    best = form.start()
    best_value = value(best, 0.0)
    logarithms = np.log(best)
    mean, square = np.zeros_like(logarithms), np.zeros_like(logarithms)
    guess = np.random.default_rng(0).standard_normal(form.order)
    begin, steps = time.process_time(), 0
    limit = SECONDS if budget_s is None else TIME_SHARE * budget_s
    while steps < STEPS and time.process_time() - begin < limit:
        steps += 1
        y = np.exp(logarithms)
        smallest, guess = lanczos(form, y, guess)
        if value(y, smallest) < best_value:
            best, best_value = y, value(y, smallest)
        gradient = np.zeros_like(y)
        gradient[:2] = 1
        if smallest < 0:
            gradient -= trace * form.gradient(guess)
        gradient *= y
        mean += (1 - BETA1) * (gradient - mean)
        square += (1 - BETA2) * (gradient**2 - square)
        step = mean / (1 - BETA1**steps) / (np.sqrt(square / (1 - BETA2**steps)) + TINY)
        logarithms -= RATE / np.sqrt(1 + steps / 100) * step
    proved = value(best, smallest_of_all(form, best))
    return Outcome(float(factor * proved), f"{steps} steps", {"steps": steps, "trace_bound": trace})
