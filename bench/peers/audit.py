"""Known answers for the package eclipse-nn, asked before a value of it is believed."""

import math

import numpy as np

# Weights 10, 1, 1 in a row: any valid bound is at least 10, and the closed form gives 10. Versions up to 0.1.5 dropped
# the first layer from ECLipsE_Fast.
CHAIN = ([[10.0]], [[1.0]], [[1.0]])
CHAIN_BOUND = 10.0
SOLVER_TOLERANCE = 1e-3  # SCS inside the package


def eclipse_value(estimator, algorithm, layers):
    import torch

    weights = [torch.tensor(np.asarray(weight), dtype=torch.float64) for weight in layers]
    value = estimator(weights=weights).estimate(algorithm)
    return float(value)


def eclipse_fault(algorithm, estimator):
    """One sentence if the package's algorithm gets a known answer wrong, or None."""
    value = eclipse_value(estimator, algorithm, CHAIN)
    if not math.isfinite(value) or value < CHAIN_BOUND * (1 - SOLVER_TOLERANCE):
        return f"eclipse-nn's {algorithm} gives {value:g} for weights 10, 1, 1 in a row, whose constant is 10"
    return None


def trivial_is_frobenius(estimator):
    """Whether the package's 'trivial' is the product of Frobenius norms, which is not the product bound."""
    rng = np.random.default_rng(0)
    layers = [rng.standard_normal(shape) for shape in ((5, 4), (3, 5), (1, 3))]
    frobenius = math.prod(float(np.linalg.norm(weight)) for weight in layers)
    return math.isclose(eclipse_value(estimator, "trivial", layers), frobenius, rel_tol=1e-9)


def skips_unknown_layers(estimator):
    """Whether a model with a layer that multiplies by 100 gets the bound of the model without it."""
    import torch

    class Hundredfold(torch.nn.Module):
        def forward(self, x):
            return 100 * x

    model = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.ReLU(), Hundredfold(), torch.nn.Linear(1, 1))
    with torch.no_grad():
        for layer in (model[0], model[3]):
            layer.weight.fill_(1.0)
    try:
        return float(estimator(model=model).estimate("ECLipsE_Fast")) < 100
    except (ValueError, TypeError, NotImplementedError):
        return False  # refused, as it should be
