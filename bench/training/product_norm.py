"""The product of the layers' operator norms, the oldest bound on a Lipschitz constant, as a penalty for training."""

import numpy as np


class ProductPenalty:
    """weight * ||W_1|| ||W_2|| ... ||W_L||, norms from l_p to l_p.

    linf: the largest row sum of absolute values. l2: the spectral norm by power iteration, one step of it a call, from
    where the last call ended: weights move little between two steps of the training.
    """

    def __init__(self, norm, weight, seed):
        if norm not in ("linf", "l2"):
            raise ValueError(f"the product penalty has the norms linf and l2, not '{norm}'")
        self.norm, self.weight, self.vectors = norm, weight, None
        self.rng = np.random.default_rng(seed)

    def __call__(self, parameters):
        """Its (sub)gradients: a list with None for the biases."""
        sizes, slopes = zip(*self.layer_norms(parameters[::2]))
        product = np.prod(sizes)
        result = [None] * len(parameters)
        for k, (size, slope) in enumerate(zip(sizes, slopes)):
            result[2 * k] = slope * np.float32(self.weight * product / size)
        return result

    def layer_norms(self, weights):
        """Norm and its (sub)gradient, for each layer."""
        if self.norm == "linf":
            for w in weights:
                sums = np.abs(w).sum(axis=1)
                slope, row = np.zeros_like(w), sums.argmax()
                slope[row] = np.sign(w[row])
                yield float(sums[row]), slope
            return
        if self.vectors is None:
            self.vectors = [self.rng.standard_normal(w.shape[1]).astype(w.dtype) for w in weights]
        for k, w in enumerate(weights):
            left = w @ self.vectors[k]
            left /= np.linalg.norm(left)
            right = left @ w
            size = np.linalg.norm(right)
            right /= size
            self.vectors[k] = right
            yield float(size), np.outer(left, right)


def product_norm(parameters, norm):
    """||W_1|| ... ||W_L|| itself, to the accuracy of its arithmetic."""
    order = {"linf": np.inf, "l2": 2}[norm]
    return float(np.prod([np.linalg.norm(w.astype(np.float64), order) for w in parameters[::2]]))
