"""Records on disk, what is made of them, and the document that holds the tables."""

import contextlib
import json
import pathlib
import tempfile
import unittest

import records
import table
from results import Results


def geolip(output, lower, relaxation, upper):
    bounds = {"lower": lower, "relaxation": relaxation, "upper": upper, "status": "verified"}
    return line("geolip", upper, output, "natural", details={"bounds": {str(output): bounds}})


def line(method, value, output=0, relaxation="natural", status="ok", message="", details=None):
    return {"record": "result", "network": "n", "title": "n", "widths": [2, 3, 1], "norm": "l2", "output": output, "method": method,
            "relaxation": relaxation, "trust": "claim", "status": status, "message": message, "value": value, "wall_s": 1.0,
            "cpu_s": 2.0, "method_cpu_s": 1.0, "peak_mib": 10.0, "details": details or {}}


@contextlib.contextmanager
def written(*lines):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "r.jsonl")
        path.write_text("".join(json.dumps(r) + "\n" for r in lines))
        yield path


class Shortfall(unittest.TestCase):
    def shortfall(self, record):
        with written(geolip(0, 8.0, 9.99, 10.0), record) as path:
            found = Results(path).invalid()
        return found[0][1] if found else 0.0

    def test_a_relaxation_s_value_below_the_attained_optimum(self):
        for relaxation in ("natural", "layer", "chain", "product"):
            self.assertAlmostEqual(self.shortfall(line("m", 9.0, relaxation=relaxation)), 1 - 9.0 / 9.99)
            self.assertEqual(self.shortfall(line("m", 9.995, relaxation=relaxation)), 0)

    def test_other_bounds_are_measured_by_the_lower_bound(self):
        for relaxation in ("lp", "exact"):
            self.assertEqual(self.shortfall(line("m", 9.0, relaxation=relaxation)), 0)
            self.assertAlmostEqual(self.shortfall(line("m", 7.0, relaxation=relaxation)), 1 - 7.0 / 8.0)

    def test_a_lower_bound_above_a_proved_upper_bound(self):
        self.assertEqual(self.shortfall(line("m", 9.0, relaxation="lower")), 0)
        self.assertAlmostEqual(self.shortfall(line("m", 10.5, relaxation="lower")), 0.05)

    def test_another_output_says_nothing(self):
        with written(geolip(1, 8.0, 9.99, 10.0), line("m", 1.0, output=0)) as path:
            self.assertEqual(Results(path).invalid(), [])

    def test_a_sharper_run_is_the_yardstick(self):
        sharp = geolip(0, 8.0, 9.999, 9.9991) | {"output": "sharp"}
        with written(geolip(0, 8.0, 9.99, 10.0), sharp, line("m", 9.995)) as path:
            self.assertAlmostEqual(Results(path).invalid()[0][1], 1 - 9.995 / 9.999)


class Excess(unittest.TestCase):
    def test_values_that_are_refuted_do_not_count(self):
        lines = [geolip(0, 8.0, 9.99, 10.0), geolip(1, 8.0, 9.99, 10.0), line("a", 9.998), line("b", 5.0, output=1)]
        with written(*lines) as path:
            excess, record = Results(path).worst_excess()
        self.assertEqual(record["method"], "a")
        self.assertAlmostEqual(excess, 10.0 / 9.998 - 1)


class Cells(unittest.TestCase):
    def setUp(self):
        lines = [geolip(0, 8.0, 9.99, 10.0), geolip(1, 18.0, 19.99, 20.0), line("a", 11.0), line("b", 9.0),
                 line("c", None, status="timeout", message="t")]
        context = written(*lines)
        self.tables = table.Tables(context.__enter__())
        self.addCleanup(context.__exit__, None, None, None)

    def test_averages_say_of_how_many(self):
        self.assertEqual(self.tables.bound_cell("n", "l2", "geolip"), "15")
        self.assertEqual(self.tables.bound_cell("n", "l2", "a"), "11 (1 of 2)")

    def test_ratios_are_taken_on_the_same_outputs(self):
        self.assertEqual(self.tables.ratio_cell("n", "l2", "a"), "1.100x")

    def test_marks_and_failures(self):
        self.assertEqual(self.tables.ratio_cell("n", "l2", "b"), "0.900x" + table.BELOW)
        self.assertEqual(self.tables.bound_cell("n", "l2", "c"), "time")
        self.assertEqual(self.tables.time_cell("n", "l2", "c"), ">2 (>1x)")

    def test_numbers(self):
        for x, text in ((1234.0, "1200"), (0.012345, "0.012"), (1.5e-7, "1.5e-7"), (3.21e12, "3.2e+12")):
            self.assertEqual(table.number(x, 2), text)
        self.assertEqual(table.relative(1 + 2e-5), "+2e-5")


class Files(unittest.TestCase):
    def test_a_line_that_was_cut_off_is_run_again(self):
        with written(line("a", 1.0)) as path:
            path.write_text(path.read_text() + '{"record": "res')
            writer = records.Writer(path)
            self.assertEqual(len(writer.done), 1)
            writer.append(line("b", 2.0))
            writer.close()
            self.assertEqual([r["method"] for r in records.read(path)], ["a", "b"])

    def test_the_document_is_what_the_results_give(self):
        text = table.DOCUMENT.read_text()
        self.assertTrue(table.filled(text) == text, "run bench/peers/table.py")

    def test_a_document_without_markers_is_refused(self):
        with self.assertRaisesRegex(ValueError, "markers"):
            table.filled("")


if __name__ == "__main__":
    unittest.main()
