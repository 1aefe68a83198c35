"""Averages and fits against values worked out by hand."""

import json
import pathlib
import tempfile
import unittest

from made_up import result_line

import results


class Cells(unittest.TestCase):
    WIDTHS = [784, 8, 10]

    def lines(self):
        ours = [result_line("a", self.WIDTHS, "l2", k, "geolip", 10.0 * (k + 1), 2.0, lower=5.0) for k in range(3)]
        peer = [result_line("a", self.WIDTHS, "l2", k, "other", 15.0 * (k + 1), 7.0 + k) for k in range(2)]
        return [*ours, *peer, result_line("a", self.WIDTHS, "l2", 2, "other", None, 90.0)]

    def test_compare_partial_runs_on_the_same_outputs(self):
        by_method = {cell.method: cell for cell in results.cells(self.lines())}
        self.assertEqual(by_method["geolip"].value, 20.0)
        self.assertTrue(by_method["geolip"].complete)
        # 1.5 times ours on outputs 0 and 1; output 2 timed out.
        self.assertAlmostEqual(by_method["other"].value, 30.0, places=12)
        self.assertEqual((by_method["other"].outputs, by_method["other"].complete), (2, False))
        self.assertEqual(by_method["other"].seconds, 7.5)
        self.assertEqual(by_method[results.LOWER].value, 5.0)
        self.assertEqual(by_method["other"].neurons, 8)

    def test_leave_out_values_below_the_relaxation_that_they_claim_to_solve(self):
        for relaxation, value, kept in (
            ("natural", 10.0 * (1 - 1e-7), True),
            ("natural", 9.9, False),
            ("layer", 9.9, False),
            ("lower", 9.9, True),
            ("exact", 9.9, True),
        ):
            line = result_line("a", self.WIDTHS, "l2", 0, "other", value, 1.0, relaxation=relaxation)
            methods = {cell.method for cell in results.cells([*self.lines()[:3], line])}
            self.assertEqual("other" in methods, kept, (relaxation, value))

    def test_leave_out_what_cannot_be_compared(self):
        line = result_line("b", self.WIDTHS, "l2", 0, "other", 1.0, 1.0)
        self.assertEqual(results.cells([line]), [])

    def test_limits_count_where_nothing_else_came_out(self):
        unanswered = [result_line("a", self.WIDTHS, "l2", k, "slow", None, 60.0 + k) for k in range(2)]
        reached = results.limits_reached([*self.lines(), *unanswered])
        self.assertEqual({cell: line["cpu_s"] for cell, line in reached.items()}, {("a", "l2", "slow"): 60.0})

    def test_power_law_is_found_again(self):
        factor, exponent = results.power_law([(n, 3e-5 * n**1.7) for n in (64, 128, 256, 1024)])
        self.assertAlmostEqual(factor, 3e-5, places=12)
        self.assertAlmostEqual(exponent, 1.7, places=10)
        self.assertIsNone(results.power_law([(1, 1), (2, 2)]))

    def test_lines_that_say_not_what_they_are_are_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "a.jsonl"
            path.write_text(json.dumps({"record": "result"}) + "\n" + json.dumps({"value": 1}) + "\n")
            with self.assertRaisesRegex(ValueError, "a.jsonl, line 2"):
                results.read_lines([path])


if __name__ == "__main__":
    unittest.main()
