"""Training, bounds and tables from end to end on made-up images; radii against attacks and a closed form."""

import contextlib
import io
import json
import os
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

import made_up
import norm_transfer
import numpy as np
import pages
import train
from training import pgd
from training.mnist import read_mnist
from training.onnx_file import read_onnx

PLAIN, PENALISED = "mnist_784-64-10", "mnist_784-64-10_product"


def call(module, *arguments):
    """module.main() with these arguments; what it printed."""
    output = io.StringIO()
    with mock.patch.object(sys, "argv", [module.__name__, *map(str, arguments)]), contextlib.redirect_stdout(output):
        module.main()
    return output.getvalue()


class Training(unittest.TestCase):
    def test_trains_what_is_missing_or_has_changed_and_nothing_else(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            made_up.write_images(folder)
            arguments = (folder, "--out", folder / "networks", "--only", "mnist_784-8-10")
            self.assertIn("mnist_784-8-10: test accuracy", call(train, *arguments))
            path = folder / "networks/mnist_784-8-10.onnx"
            first = path.read_bytes()
            (entry,) = json.loads((folder / "networks/networks.json").read_text())
            self.assertEqual((entry["widths"], entry["training"]), ([784, 8, 10], {"kind": "plain"}))
            self.assertLessEqual(entry["pgd_accuracy"]["linf"]["accuracy"], entry["accuracy"])
            self.assertEqual(call(train, *arguments), "")
            path.write_bytes(first + b"\0")
            self.assertIn("mnist_784-8-10: test accuracy", call(train, *arguments))
            self.assertEqual(path.read_bytes(), first)

    def test_unknown_networks_are_refused_by_name(self):
        with contextlib.redirect_stderr(io.StringIO()) as errors, self.assertRaises(SystemExit):
            call(train, "nowhere", "--only", "mnist_784-9-10")
        self.assertIn("there is no network named mnist_784-9-10", errors.getvalue())


class Radii(unittest.TestCase):
    def test_are_distances_to_the_boundary_for_a_linear_network(self):
        # f = W x in l2: the margin f_k - f_j has the Lipschitz constant |w_k - w_j|, and its boundary is a hyperplane.
        rng = np.random.default_rng(0)
        w, x = rng.standard_normal((4, 6)), rng.standard_normal((50, 6))
        logits = x @ w.T
        labels = logits.argmax(axis=1)
        margins = np.linalg.norm(w[:, None] - w[None], axis=2)
        radii = norm_transfer.certified_radii(logits, labels, margins)
        for row, label, radius in zip(x, labels, radii):
            normals = np.delete(w[label] - w, label, axis=0)
            distances = normals @ row / np.linalg.norm(normals, axis=1)
            self.assertAlmostEqual(radius, distances.min(), places=12)
        wrong = norm_transfer.certified_radii(logits, (labels + 1) % 4, margins)
        self.assertTrue((wrong == 0).all())


class EndToEnd(unittest.TestCase):
    def test_certified_images_withstand_attacks(self):
        geolip = os.environ.get("GEOLIP_COMMAND")
        if not geolip:
            self.skipTest("GEOLIP_COMMAND does not name the geolip command")
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            made_up.write_images(folder)
            networks, results, page = folder / "networks", folder / "transfer.jsonl", folder / "page.md"
            call(train, folder, "--out", networks, "--only", PLAIN, PENALISED)
            page.write_text("before\n<!-- tables: begin -->\nold\n<!-- tables: end -->\nafter\n")
            options = ("--networks", networks, "--geolip", geolip, "--results", results, "--page", page)
            call(norm_transfer, folder, *options)

            lines = [json.loads(text) for text in results.read_text().splitlines()]
            self.assertEqual(
                [(line["network"], line["norm"]) for line in lines],
                [(network, norm) for network in (PLAIN, PENALISED) for norm in ("linf", "l2")],
            )
            images, labels = read_mnist(folder, "t10k")
            for line in lines:
                self.assertEqual((len(line["outputs"]), len(line["margins"])), (10, 45))
                for bound in line["margins"]:
                    self.assertEqual(bound["status"], "verified")
                    # At the test images themselves the gradients are below the bounds, and these below the product.
                    self.assertLessEqual(bound["baselines"]["gradient"], bound["upper"])
                    self.assertLessEqual(bound["upper"], bound["baselines"]["product"])
                parameters = read_onnx(networks / f"{line['network']}.onnx")
                for eps, share in line["certified_accuracy"].items():
                    attack = pgd.Attack(line["norm"], float(eps), steps=20, step=float(eps) / 5)
                    self.assertLessEqual(share, pgd.robust_accuracy(attack, parameters, images, labels, seed=1))

            text = page.read_text()
            self.assertTrue(text.startswith("before\n") and text.endswith("after\n") and "old" not in text)
            self.assertIn("| product penalty, l_inf |", text)
            call(norm_transfer, "--table-only", "--results", results, "--page", page)
            self.assertEqual(page.read_text(), text)

    def test_pages_without_a_place_for_the_tables_are_refused(self):
        with tempfile.TemporaryDirectory() as name:
            page = pathlib.Path(name) / "page.md"
            page.write_text("no markers\n")
            with self.assertRaisesRegex(ValueError, "must hold the lines"):
                pages.replace(page, "tables", "")


if __name__ == "__main__":
    unittest.main()
