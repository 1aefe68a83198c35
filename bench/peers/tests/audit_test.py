"""What is asked of the package eclipse-nn before its values are believed."""

import importlib.util
import unittest

import numpy as np

import audit

HAVE_PACKAGE = all(importlib.util.find_spec(name) for name in ("torch", "eclipse_nn"))


class DropsFirstLayer:
    """As versions up to 0.1.5 did."""

    def __init__(self, weights):
        self.weights = weights

    def estimate(self, _):
        return np.prod([float(np.linalg.norm(np.asarray(w), 2)) for w in self.weights[1:]])


class Product(DropsFirstLayer):
    def estimate(self, _):
        return np.prod([float(np.linalg.norm(np.asarray(w), 2)) for w in self.weights])


class NotANumber(DropsFirstLayer):
    def estimate(self, _):
        return float("nan")


@unittest.skipUnless(HAVE_PACKAGE, "torch or eclipse-nn is not installed")
class Audit(unittest.TestCase):
    def test_a_dropped_first_layer_is_found(self):
        self.assertIn("gives 1 for weights 10, 1, 1", audit.eclipse_fault("ECLipsE_Fast", DropsFirstLayer))

    def test_no_number_is_found(self):
        self.assertIn("gives nan", audit.eclipse_fault("ECLipsE_Fast", NotANumber))

    def test_a_valid_bound_passes(self):
        self.assertIsNone(audit.eclipse_fault("ECLipsE_Fast", Product))

    def test_the_pinned_version(self):
        from eclipse_nn import LipConstEstimator

        self.assertIsNone(audit.eclipse_fault("ECLipsE_Fast", LipConstEstimator))
        self.assertIsNone(audit.eclipse_fault("ECLipsE", LipConstEstimator))
        # docs/comparison.md says so; if a version mends it, the document is to be changed
        self.assertTrue(audit.trivial_is_frobenius(LipConstEstimator))
        self.assertTrue(audit.skips_unknown_layers(LipConstEstimator))


if __name__ == "__main__":
    unittest.main()
