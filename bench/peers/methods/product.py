"""Product of the layers' norms, the bound that needs no solver.

l2: spectral norms, the Euclidean norm of the output's row. linf: largest absolute row sums, the l1 norm of the output's
row. Slopes in [0, 1] do not enlarge either.
"""

import numpy as np

from methods import Method, Outcome

METHOD = Method("product", "product", "folklore", "product", "rounding")


def bound(layers, norm, objective, **_):
    order = {"linf": np.inf, "l2": 2}[norm]
    dual = {"linf": 1, "l2": 2}[norm]
    value = np.linalg.norm(layers[-1][objective], dual)
    for weight in layers[:-1]:
        value *= np.linalg.norm(weight, order)
    return Outcome(float(value))
