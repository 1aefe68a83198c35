"""What the runner makes of a child's end, and which cells it gives up."""

import json
import pathlib
import sys
import unittest

import isolate
import plan
import run


def measured(returncode=0, stdout="", stderr="", timed_out=False):
    return isolate.Measured(returncode, timed_out, stdout, stderr, 1.0, 1.0, 1.0)


def record(method="m", status="ok", cpu_s=1.0, widths=(4, 20, 1), norm="l2"):
    return {"network": "n", "title": "n", "norm": norm, "method": method, "status": status, "cpu_s": cpu_s, "widths": widths}


def cell(method="m", norm="l2"):
    return plan.Run("n", "n", "n.npz", norm, 0, method)


class Ends(unittest.TestCase):
    def test_a_worker_s_last_line_counts(self):
        line = json.dumps({"status": "ok", "value": 2.0})
        self.assertEqual(run.worker_outcome(measured(stdout="a package's chatter\n" + line))["value"], 2.0)

    def test_limits_and_failures_have_no_value(self):
        for end, status in (
            (measured(-9, timed_out=True), "timeout"),
            (measured(-6, stderr="memory allocation of 8 bytes failed"), "memory"),
            (measured(-6, stderr="terminate called after throwing an instance of 'std::bad_alloc'"), "memory"),
            (measured(1, stderr="ImportError: no such thing"), "failed"),
            (measured(-11), "failed"),
        ):
            outcome = run.worker_outcome(end)
            self.assertEqual((outcome["status"], outcome["value"]), (status, None))

    def test_geolip_that_fails_has_no_value(self):
        outcome = run.geolip_outcome(measured(3, stderr="n.npz: no such file"))
        self.assertEqual((outcome["status"], outcome["value"]), ("failed", None))

    def test_geolip_s_bound_that_is_not_verified_is_not_called_proved(self):
        result = {"output": 0, "lower": 1.0, "relaxation": 2.0, "upper": 3.0, "status": "limit", "iterations": 1,
                  "seconds": {"total": 1.0}}
        outcome = run.geolip_outcome(measured(4, stdout=json.dumps({"results": [result]})))
        self.assertEqual(outcome["value"], 3.0)
        self.assertFalse(outcome["proved"])
        self.assertIn("limit", outcome["message"])


class Worker(unittest.TestCase):
    def test_a_failure_near_the_memory_limit_is_told_from_others(self):
        folder = str(pathlib.Path(run.__file__).parent)
        code = "import sys; sys.path.insert(0, sys.argv[1]); import worker; b = b'x' * (int(sys.argv[2]) << 20); "
        code += "print(worker.near_memory_limit())"
        for size, expected in (("10", "False"), ("480", "True")):
            done = isolate.run([sys.executable, "-c", code, folder, size], isolate.Limits(20, 512, 1))
            self.assertEqual(done.stdout.strip(), expected, done.stderr)


class Budgets(unittest.TestCase):
    def test_a_cell_that_has_spent_its_budget(self):
        budgets = run.Budgets(3, [record(cpu_s=2.0)])
        self.assertTrue(budgets.allow(cell()))
        budgets.note(record(cpu_s=2.0))
        self.assertFalse(budgets.allow(cell()))
        self.assertTrue(budgets.allow(cell(norm="linf")))

    def test_a_limit_ends_a_cell_and_a_failure_does_not(self):
        for status, allowed in (("timeout", False), ("memory", False), ("invalid", False), ("failed", True)):
            self.assertEqual(run.Budgets(3, [record(status=status)]).allow(cell()), allowed, status)

    def test_a_limit_on_a_smaller_network(self):
        budgets = run.Budgets(3, [record(status="timeout", widths=(4, 20, 20, 1))])
        self.assertIsNotNone(budgets.reached_before(cell(), (4, 20, 20, 1)))
        self.assertIsNotNone(budgets.reached_before(cell(), (4, 20, 30, 20, 1)))
        self.assertIsNone(budgets.reached_before(cell(), (4, 100, 1)))  # larger, but not as deep
        self.assertIsNone(budgets.reached_before(cell(), (4, 10, 10, 10, 1)))  # deeper, but smaller
        self.assertIsNone(budgets.reached_before(cell(), (4, 19, 19, 19, 1)))  # larger in all, but not in a layer
        self.assertIsNone(budgets.reached_before(cell(norm="linf"), (4, 20, 20, 1)))
        self.assertIsNone(budgets.reached_before(cell("other"), (4, 20, 20, 1)))


if __name__ == "__main__":
    unittest.main()
