"""Gradients against finite differences, attacks against solutions known in closed form, files against ONNX's evaluator."""

import dataclasses
import gzip
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from training import adam, pgd, product_norm, relu_network  # noqa: E402
from training.mnist import read_idx  # noqa: E402
from training.onnx_file import read_onnx, write_onnx  # noqa: E402

import numpy as np  # noqa: E402


def made_up_network(widths, seed, dtype=np.float64):
    rng = np.random.default_rng(seed)
    shapes = zip(widths, widths[1:])
    return [rng.standard_normal(s).astype(dtype) for n, m in shapes for s in ((m, n), (m,))]


def blobs(seed, count=600, size=12, classes=3):
    """Points in [0, 1]^size around one centre for each class."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0.25, 0.75, (classes, size))
    labels = rng.integers(0, classes, count)
    points = np.clip(centres[labels] + 0.05 * rng.standard_normal((count, size)), 0, 1)
    return points.astype(np.float32), labels


def central_differences(function, array, h):
    """d function / d array, which is changed in place and restored."""
    result = np.zeros_like(array)
    for index in np.ndindex(array.shape):
        old = array[index]
        array[index] = old + h
        above = function()
        array[index] = old - h
        result[index] = (above - function()) / (2 * h)
        array[index] = old
    return result


class Gradients(unittest.TestCase):
    # Central differences of a smooth function err by about h^2, and by rounding over h: 1e-12 / 1e-5 at the most here.
    H, TOLERANCE = 1e-5, 1e-7

    def setUp(self):
        rng = np.random.default_rng(1)
        self.parameters = made_up_network([5, 7, 6, 4], 0)
        self.x, self.labels = rng.uniform(0, 1, (9, 5)), rng.integers(0, 4, 9)

    def loss(self):
        return relu_network.cross_entropy(relu_network.forward(self.parameters, self.x)[-1], self.labels).mean()

    def test_of_parameters_match_differences(self):
        for p, g in zip(self.parameters, relu_network.gradients(self.parameters, self.x, self.labels)):
            np.testing.assert_allclose(g, central_differences(self.loss, p, self.H), rtol=0, atol=self.TOLERANCE)

    def test_loss_direction_is_a_positive_multiple_of_the_inputs_gradient(self):
        _, direction = relu_network.loss_direction(self.parameters, self.x, self.labels)
        differences = central_differences(self.loss, self.x, self.H)
        for got, wanted in zip(direction, differences):
            self.assertGreater(np.abs(wanted).max(), 1e-3 * self.TOLERANCE / self.H)
            scale = (got @ wanted) / (got @ got)
            self.assertGreater(scale, 0)
            np.testing.assert_allclose(scale * got, wanted, rtol=0, atol=self.TOLERANCE)

    def test_of_outputs_match_differences(self):
        for output in range(4):
            value = lambda: relu_network.forward(self.parameters, self.x)[-1][:, output].sum()  # noqa: E731, B023
            got = relu_network.output_gradients(self.parameters, self.x, output)
            np.testing.assert_allclose(got, central_differences(value, self.x, self.H), rtol=0, atol=self.TOLERANCE)

    def test_loss_direction_survives_certainty(self):
        # Logits 60 apart: in float32 the label's probability is 1, and the gradient itself 1e-26.
        parameters = [np.array([[60, 0], [0, 0]], np.float32), np.zeros(2, np.float32)]
        logits, direction = relu_network.loss_direction(parameters, np.array([[1, 0.5]], np.float32), np.array([0]))
        self.assertEqual(logits[0].tolist(), [60, 0])
        self.assertEqual(direction[0].tolist(), [-60, 0])

    def test_of_the_product_norm_match_differences(self):
        for norm in ("linf", "l2"):
            penalty = product_norm.ProductPenalty(norm, 0.5, seed=0)
            for _ in range(2000):  # power iteration to its end
                slopes = penalty(self.parameters)
            for k, slope in enumerate(slopes):
                if k % 2:
                    self.assertIsNone(slope)
                    continue
                value = lambda: 0.5 * product_norm.product_norm(self.parameters, norm)  # noqa: E731
                wanted = central_differences(value, self.parameters[k], self.H)
                # The penalty's factor is a float32.
                np.testing.assert_allclose(slope, wanted, rtol=1e-6, atol=1e-6 * np.abs(wanted).max(), err_msg=norm)


class Attacks(unittest.TestCase):
    ATTACKS = (pgd.Attack("linf", 0.1, steps=12, step=0.02), pgd.Attack("l2", 0.3, steps=12, step=0.06))

    def test_reach_the_worst_point_of_a_linear_network(self):
        # Two classes and no hidden layer: the loss grows with <w_1 - w_0, x>, whose maximum over a ball is known.
        rng = np.random.default_rng(2)
        w = rng.choice([-1, 1], 8) * rng.uniform(0.5, 1.5, 8)
        parameters = [np.stack([np.zeros(8), w]), np.zeros(2)]
        x, labels = rng.uniform(0.4, 0.6, (5, 8)), np.zeros(5, int)
        for attack in self.ATTACKS:
            # 100 steps: a step in l2 divides what lies across the best direction by 1 + step / eps = 1.2, 1.2^100 = 8e7.
            long = dataclasses.replace(attack, steps=100)
            found = pgd.perturb(long, parameters, x, labels, np.random.default_rng(3))
            steepest = np.sign(w) if attack.norm == "linf" else w / np.linalg.norm(w)
            np.testing.assert_allclose(found, x + attack.eps * steepest, rtol=0, atol=1e-7)

    def test_stay_in_ball_and_cube_and_do_not_lower_the_loss(self):
        points, labels = blobs(4)
        parameters = adam.train([12, 10, 3], points, labels, adam.Settings(epochs=20, batch=20, rate=1e-2))
        for attack in self.ATTACKS:
            found = pgd.perturb(attack, parameters, points, labels, np.random.default_rng(5))
            moved = (found - points).astype(np.float64)
            size = np.abs(moved).max() if attack.norm == "linf" else np.linalg.norm(moved, axis=1).max()
            self.assertLessEqual(size, attack.eps * (1 + 4 * np.finfo(np.float32).eps * len(points[0])))
            self.assertGreater(size, 0.9 * attack.eps)
            self.assertTrue((found >= 0).all() and (found <= 1).all())
            before, after = (
                relu_network.cross_entropy(relu_network.forward(parameters, p)[-1], labels) for p in (points, found)
            )
            self.assertGreater(after.mean(), before.mean())
            self.assertGreater((after > before).mean(), 0.99)

    def test_leave_less_accuracy_than_there_was_and_the_longer_the_less(self):
        points, labels = blobs(6)
        parameters = adam.train([12, 10, 3], points, labels, adam.Settings(epochs=20, batch=20, rate=1e-2))
        plain = relu_network.accuracy(parameters, points, labels)
        shares = [
            pgd.robust_accuracy(pgd.Attack("linf", 0.2, steps, 0.04), parameters, points, labels, seed=7, batch=97)
            for steps in (1, 5, 20)
        ]
        self.assertLess(shares[0], plain)
        self.assertEqual(shares, sorted(shares, reverse=True))

    def test_of_other_norms_are_refused(self):
        with self.assertRaisesRegex(ValueError, "not 'l1'"):
            pgd.Attack("l1", 1, 1, 1)
        with self.assertRaisesRegex(ValueError, "not 'l1'"):
            product_norm.ProductPenalty("l1", 1, 0)


class Training(unittest.TestCase):
    SETTINGS = adam.Settings(epochs=20, batch=20, rate=1e-2)

    def test_learns_and_repeats_itself(self):
        points, labels = blobs(8)
        for initial in (adam.he_normal, adam.uniform):
            first, second = (adam.train([12, 10, 3], points, labels, self.SETTINGS, initial) for _ in range(2))
            self.assertGreater(relu_network.accuracy(first, points, labels), 0.95)
            self.assertEqual([p.tobytes() for p in first], [p.tobytes() for p in second])

    def test_against_attacks_withstands_them_better(self):
        points, labels = blobs(9)
        attack = pgd.Attack("linf", 0.15, steps=5, step=0.06)

        def perturb(parameters, x, y, rng):
            return pgd.perturb(attack, parameters, x, y, rng)

        plain = adam.train([12, 10, 3], points, labels, self.SETTINGS)
        hardened = adam.train([12, 10, 3], points, labels, self.SETTINGS, attack=perturb)
        share = [pgd.robust_accuracy(attack, p, points, labels, seed=10) for p in (plain, hardened)]
        self.assertGreater(share[1], share[0])

    def test_with_a_penalty_lowers_the_product_norm(self):
        points, labels = blobs(11)
        plain = adam.train([12, 10, 3], points, labels, self.SETTINGS)
        for norm in ("linf", "l2"):
            penalty = product_norm.ProductPenalty(norm, 1e-2, seed=0)
            smooth = adam.train([12, 10, 3], points, labels, self.SETTINGS, penalty=penalty)
            self.assertLess(product_norm.product_norm(smooth, norm), 0.8 * product_norm.product_norm(plain, norm))
            self.assertGreater(relu_network.accuracy(smooth, points, labels), 0.95)


class Files(unittest.TestCase):
    def test_idx_is_read_as_its_header_says(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "a.gz"
            header = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3])
            path.write_bytes(gzip.compress(header + bytes(range(6))))
            self.assertEqual(read_idx(path).tolist(), [[[0, 1, 2]], [[3, 4, 5]]])

    def test_onnx_evaluates_the_file_to_the_same_logits(self):
        from onnx.reference import ReferenceEvaluator

        parameters = made_up_network([5, 7, 6, 4], 12, np.float32)
        x = np.random.default_rng(13).uniform(0, 1, (9, 5)).astype(np.float32)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "a.onnx"
            write_onnx(path, "a", parameters, {"k": "v"}, "test")
            self.assertEqual([p.name for p in path.parent.iterdir()], ["a.onnx"])
            (logits,) = ReferenceEvaluator(str(path)).run(None, {"input": x})
            self.assertEqual([p.tobytes() for p in read_onnx(path)], [p.tobytes() for p in parameters])
        np.testing.assert_allclose(logits, relu_network.forward(parameters, x)[-1], rtol=1e-5, atol=1e-5)


if __name__ == "__main__":
    unittest.main()
