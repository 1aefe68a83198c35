"""A small run from end to end: the runner, the command geolip, every method, the tables."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import networks
import records
import table

RUNNER = pathlib.Path(__file__).resolve().parents[1] / "run.py"
GEOLIP = os.environ.get("GEOLIP_COMMAND")
INTERIOR_POINT = 1e-6


@unittest.skipUnless(GEOLIP, "no geolip command was given (--geolip)")
class SmallRun(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(cls.folder.name)
        for depth in (2, 5):
            networks.write_npz(root / f"random_{depth}x20.npz", networks.random_layers(depth, 20))
        cls.out = root / "out.jsonl"
        cls.run_again()
        cls.lines = [r for r in records.read(cls.out) if r["record"] == "result"]

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def run_again(cls):
        command = [sys.executable, str(RUNNER), "peers", "--networks", cls.folder.name, "--out", str(cls.out), "--geolip",
                   GEOLIP, "--only", "random_2x20", "--only", "random_5x20", "--methods", "product,geolip,natural_csdp"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(done.stderr)

    def values(self, method):
        return {r["network"]: r for r in self.lines if r["method"] == method}

    def test_every_cell_has_a_line(self):
        for method in ("product", "geolip"):
            self.assertEqual(set(self.values(method)), {"random_2x20", "random_5x20"})

    def test_our_bounds_enclose_the_interior_point_solver_s(self):
        solved = {n: r for n, r in self.values("natural_csdp").items() if r["status"] == "ok"}
        if not solved:
            self.skipTest("csdp is not installed")
        for network, record in solved.items():
            ours = self.values("geolip")[network]["details"]["bounds"]["0"]
            self.assertGreater(record["value"], ours["relaxation"] * (1 - INTERIOR_POINT))
            self.assertLess(self.values("geolip")[network]["value"], record["value"] * (1 + 1e-4 + INTERIOR_POINT))

    def test_bounds_are_verified_and_at_most_the_product(self):
        for network, record in self.values("geolip").items():
            self.assertEqual(record["trust"], "proved")
            self.assertLessEqual(record["value"], self.values("product")[network]["value"])

    def test_measurements(self):
        for record in self.lines:
            self.assertGreater(record["wall_s"], 0)
            self.assertGreater(record["peak_mib"], 1)

    def test_a_second_run_has_nothing_to_do(self):
        before = self.out.read_text()
        self.run_again()
        self.assertEqual(self.out.read_text(), before)

    def test_tables(self):
        text = table.Tables(self.out).peers()
        self.assertIn("| 2x20 |", text)
        self.assertIn("GeoLIP", text)


if __name__ == "__main__":
    unittest.main()
