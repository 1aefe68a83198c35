"""The FGL itself: the dual norm of the gradient for every activation pattern."""

import numpy as np

from methods import Method, NotApplicable, Outcome

METHOD = Method("enumeration", "enumeration", "definition", "exact", "rounding")

MAX_NEURONS = 20
CHUNK = 4096  # patterns at a time


def bound(layers, norm, objective, **_):
    sizes = [len(weight) for weight in layers[:-1]]
    neurons = sum(sizes)
    if neurons > MAX_NEURONS:
        raise NotApplicable(f"2^{neurons} patterns")
    dual = {"linf": 1, "l2": 2}[norm]
    best = 0.0
    for begin in range(0, 2**neurons, CHUNK):
        patterns = np.arange(begin, min(begin + CHUNK, 2**neurons))[:, None] >> np.arange(neurons) & 1
        gradient = np.broadcast_to(layers[-1][objective], (len(patterns), layers[-1].shape[1]))
        end = neurons
        for weight in reversed(layers[:-1]):
            gradient = (gradient * patterns[:, end - len(weight) : end]) @ weight
            end -= len(weight)
        best = max(best, float(np.linalg.norm(gradient, dual, axis=1).max()))
    return Outcome(best, f"2^{neurons} patterns", {"patterns": 2**neurons})
