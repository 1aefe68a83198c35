"""ECLipsE (Xu, Sivaranjani, NeurIPS 2024) from its authors' package eclipse-nn; for l2.

Each stage is an SDP that the package gives to SCS. Where a stage fails, the package says so in its output and returns
ECLipsE-Fast's value: the message tells.
"""

import contextlib
import io

from eclipse_nn import LipConstEstimator

import audit
from methods import Method, NotApplicable, Outcome, SolverFailed, Untrustworthy

METHOD = Method("eclipse", "ECLipsE", "eclipse-nn", "chain", "claim", norms=("l2",))


def estimate(algorithm, layers, norm, objective):
    if norm != "l2":
        raise NotApplicable("ECLipsE is for l2")
    if len(layers) < 2:
        raise NotApplicable("the package needs a hidden layer")
    fault = audit.eclipse_fault(algorithm, LipConstEstimator)
    if fault:
        raise Untrustworthy(fault)
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        value = audit.eclipse_value(LipConstEstimator, algorithm, [*layers[:-1], layers[-1][objective : objective + 1]])
    if not value > 0 or value == float("inf"):
        raise SolverFailed(f"eclipse-nn returned {value}")
    return Outcome(value, "fell back on ECLipsE-Fast" if "Falling back" in text.getvalue() else "")


def bound(layers, norm, objective, **_):
    return estimate("ECLipsE", layers, norm, objective)
