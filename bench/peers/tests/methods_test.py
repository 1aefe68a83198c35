"""The methods against references made by other code, against each other, and against answers known by hand."""

import json
import pathlib
import shutil
import unittest

import numpy as np

import methods
import networks

REFERENCE = pathlib.Path(__file__).resolve().parents[3] / "tests/data/reference_sdp.json"

# Relative accuracy that is asked of a solver's value.
INTERIOR_POINT = 1e-6
NATURAL = ("natural_csdp", "dual_dsdp", "dual_clarabel", "dual_scs")
# SCS at its default tolerances is off by per cents on deep networks; its formulation is tested at tighter ones.
SCS_ACCURACY = 1e-9
PROGRAMS = {"natural_csdp": "csdp", "layer_csdp": "csdp", "eclipse_csdp": "csdp", "dual_dsdp": "dsdp5"}


def available(name):
    return name not in PROGRAMS or shutil.which(PROGRAMS[name]) is not None


def value(name, layers, norm, objective=0, **context):
    return methods.load(name).bound(layers, norm, objective, **context).value


def random_layers(*sizes, seed=0):
    rng = np.random.default_rng([seed, *sizes])
    return [rng.standard_normal((m, n)) / np.sqrt(n) for n, m in zip(sizes, sizes[1:])]


def reference_cases():
    """ReLU networks with an output for their objective: what the methods here are for."""
    for case in json.loads(REFERENCE.read_text())["cases"]:
        layers = case["layers"]
        relu = all(s == [0, 1] for layer in layers[:-1] for s in layer["slopes"] or [None])
        plain = case["objective"]["kind"] == "output" and case["norm"] in ("linf", "l2") and layers[-1]["slopes"] is None
        if relu and plain and len(layers) > 1:
            yield case, [np.array(layer["weight"], float) for layer in layers]


class Reference(unittest.TestCase):
    def test_there_are_cases_of_both_norms_and_of_several_depths(self):
        cases = list(reference_cases())
        self.assertEqual({case["norm"] for case, _ in cases}, {"linf", "l2"})
        self.assertGreater(len({len(layers) for _, layers in cases}), 1)

    def test_natural_sdp(self):
        for case, layers in reference_cases():
            for name in NATURAL:
                if not available(name):
                    continue
                with self.subTest(case=case["name"], method=name):
                    got = value(name, layers, case["norm"], case["objective"]["k"], accuracy=SCS_ACCURACY)
                    self.assertLess(abs(got / case["sdp"] - 1), INTERIOR_POINT)

    def test_enumeration(self):
        compared = 0
        for case, layers in reference_cases():
            if case["fgl"] is not None:
                got = value("enumeration", layers, case["norm"], case["objective"]["k"])
                self.assertAlmostEqual(got / case["fgl"], 1, delta=1e-12)
                compared += 1
        self.assertGreater(compared, 2)


class Order(unittest.TestCase):
    """Which bound lies above which is a theorem each."""

    NETWORKS = [(6, 5, 2), (3, 7, 2), (4, 4, 3, 2), (5, 3, 3, 3, 2)]

    def ascending(self, norm, names, slack=INTERIOR_POINT):
        for sizes in self.NETWORKS:
            layers = random_layers(*sizes)
            values = {name: value(name, layers, norm, 1, budget_s=4) for name in names if available(name)}
            ordered = list(values.items())
            for (low, a), (high, b) in zip(ordered, ordered[1:]):
                with self.subTest(sizes=sizes, norm=norm):
                    self.assertLessEqual(a, b * (1 + slack), f"{low} above {high}: {values}")

    def test_linf(self):
        self.ascending("linf", ["gradient_sampling", "enumeration", "natural_csdp", "layer_csdp", "product"])

    def test_l2(self):
        self.ascending("l2", ["gradient_sampling", "enumeration", "natural_csdp", "layer_csdp", "product"])

    def test_eclipse_is_between_the_sdp_and_the_product(self):
        self.ascending("l2", ["natural_csdp", "eclipse_csdp", "product"])

    def test_eclipse_is_the_sdp_for_one_hidden_layer(self):
        if not available("eclipse_csdp"):
            self.skipTest("csdp is not installed")
        layers = random_layers(6, 5, 2)
        self.assertLess(abs(value("eclipse_csdp", layers, "l2") / value("dual_clarabel", layers, "l2") - 1), 1e-5)

    def test_lipdiff_is_between_the_sdp_and_the_product(self):
        self.ascending("l2", ["dual_clarabel", "lipdiff", "product"], slack=1e-9 + INTERIOR_POINT)

    def test_lipdiff_comes_near_the_sdp(self):
        layers = random_layers(6, 5, 2)
        self.assertLess(value("lipdiff", layers, "l2", budget_s=10) / value("dual_clarabel", layers, "l2"), 1.01)

    def test_lipopt_is_between_the_fgl_and_the_product(self):
        self.ascending("linf", ["enumeration", "lipopt", "product"])


class ByHand(unittest.TestCase):
    def test_one_neuron(self):
        # gradient d * (3, -4), d in [0, 1]: 7 in linf, 5 in l2, and every relaxation is exact
        layers = [np.array([[3.0, -4.0]]), np.array([[1.0]])]
        for name in methods.NAMES:
            if name in ("eclipse", "eclipse_fast") or not available(name):
                continue
            for norm, exact in (("linf", 7.0), ("l2", 5.0)):
                if norm not in methods.load(name).METHOD.norms:
                    continue
                with self.subTest(method=name, norm=norm):
                    got = value(name, layers, norm, budget_s=4)
                    self.assertLess(abs(got / exact - 1), 2e-3 if name in ("dual_scs", "lipdiff") else 1e-6)

    def test_lipopt_has_a_gap(self):
        # a = Hadamard's 4 x 4 signs: y = s = 1/2 with X = 1/2 where a = 1 and X = 0 where a = -1 makes every one of the 16
        # terms a (2 X - s) = 1/2. The FGL is less.
        hadamard = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]], float)
        layers = [hadamard, np.ones((1, 4))]
        self.assertGreaterEqual(value("lipopt", layers, "linf"), 8.0 - 1e-6)
        self.assertLess(value("enumeration", layers, "linf"), 7.0 + 1e-6)

    def test_two_forms_of_the_natural_sdp_agree(self):
        import natural_sdp
        from methods import natural_csdp

        if not available("natural_csdp"):
            self.skipTest("csdp is not installed")
        layers = random_layers(7, 5, 1)
        for norm in ("linf", "l2"):
            compact = natural_csdp.bound(layers, norm, 0).value
            general = natural_csdp.solve(natural_sdp.general(layers[:-1], layers[-1][0], norm)).value
            self.assertAlmostEqual(compact / general, 1, delta=INTERIOR_POINT)


class Refusals(unittest.TestCase):
    def test_enumeration_of_too_many_neurons(self):
        with self.assertRaises(methods.NotApplicable):
            value("enumeration", random_layers(3, 21, 1), "l2")

    def test_lipopt_too_large_for_any_memory(self):
        layers = random_layers(784, 64, 64, 64, 64, 64, 1)
        with self.assertRaises(MemoryError):
            value("lipopt", layers, "linf")

    def test_onnx_that_is_no_chain_of_gemm_and_relu(self):
        with self.assertRaisesRegex(ValueError, "not Gemm and Relu"):
            networks.read(make_sigmoid_network(self))


def make_sigmoid_network(test):
    import tempfile

    import onnx
    from onnx import TensorProto, helper, numpy_helper

    folder = tempfile.TemporaryDirectory()
    test.addCleanup(folder.cleanup)
    weight = numpy_helper.from_array(np.eye(2, dtype=np.float32), "w")
    bias = numpy_helper.from_array(np.zeros(2, np.float32), "b")
    nodes = [helper.make_node("Gemm", ["x", "w", "b"], ["y"]), helper.make_node("Sigmoid", ["y"], ["z"])]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2]) for name in "xz"]
    model = helper.make_model(helper.make_graph(nodes, "g", values[:1], values[1:], [weight, bias]))
    path = pathlib.Path(folder.name, "sigmoid.onnx")
    onnx.save(model, path)
    return path
