"""Every plot is drawn from planted results, twice the same, and shows what was planted."""

import pathlib
import tempfile
import unittest

from made_up import result_line

import bound_plots
import plot_style
import plots
import results
import time_plots

SHAPES = [[8], [16], [64], [128], [64, 64], [64] * 6]


def planted_results():
    lines = []
    for hidden in SHAPES:
        name = f"mnist_{'x'.join(map(str, hidden))}-10"
        for norm in ("linf", "l2"):
            for k in range(10):
                base = (100 if norm == "linf" else 5) * len(hidden) * (1 + k / 10)
                common = (name, [784, *hidden, 10], norm, k)
                lines.append(result_line(*common, "geolip", base, 1e-3 * sum(hidden), lower=0.9 * base))
                lines.append(result_line(*common, "product", 4 * base, 1e-4))
                lines.append(result_line(*common, "made_up_method", 1.2 * base, 1e-2 * sum(hidden) ** 2))
                if hidden == [128] and k == 0:
                    lines.append(result_line(*common, "lipopt", None, 60.0))
                if hidden in ([8], [16]):  # too few for a fit, and at one end of the others' range
                    lines.append(
                        result_line(*common, "enumeration", 0.95 * base, 1e-3 * 2 ** hidden[0], relaxation="exact")
                    )
    for width in (20, 100):
        for depth in (2, 5, 10):
            common = (f"random_{depth}x{width}_seed0", [4, *[width] * depth, 1], "l2", 0)
            lines.append(result_line(*common, "geolip", 1.0, 0.1, lower=0.5))
            lines.append(result_line(*common, "eclipse_fast", 1.5**depth, 0.2))
    return lines


def planted():
    bound = {"upper": 3.0, "baselines": {"gradient": 1.0, "product": 9.0}}
    trainings = [{"kind": "plain"}, {"kind": "pgd", "norm": "linf"}, {"kind": "product", "norm": "l2"}]
    return {
        "result": planted_results(),
        "transfer": [
            {"widths": [784, 64, 10], "training": t, "norm": norm, "margins": [{**bound, "upper": 3.0 / (1 + i)}]}
            for i, t in enumerate(trainings)
            for norm in ("linf", "l2")
        ],
        "sandwich": [
            {
                "network": network,
                "norm": norm,
                "outputs": [{"output": k, "lower": 2.0, "upper": 3.0 + k} for k in range(10)],
                "gradients": {"test images": [[1.0, 1.5]] * 10, "elsewhere": [[0.5, 0.7]] * 10},
            }
            for network in ("mnist_784-256-10", "mnist_784-64x6-10")
            for norm in ("linf", "l2")
        ],
        "scaling": [
            {
                "series": series,
                "norm": norm,
                "widths": [784, *hidden, 10],
                "cpu_s": 0.1 + 1e-6 * sum(hidden) ** 2,
                "start_cpu_s": 0.1,
            }
            for series, shapes in (("two layers", [[256], [512], [1024]]), ("64 wide", [[64] * 4, [64] * 8, [64] * 16]))
            for hidden in shapes
            for norm in ("linf", "l2")
        ],
    }


class Plots(unittest.TestCase):
    def test_all_are_drawn_and_come_out_the_same_again(self):
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            written, missing = plots.draw(planted(), pathlib.Path(first))
            self.assertEqual(missing, [])
            self.assertEqual(len(written), 2 * len(plots.FIGURES))
            plots.draw(planted(), pathlib.Path(second))
            for path in written:
                content = path.read_bytes()
                self.assertTrue(content.startswith(b"\x89PNG\r\n" if path.suffix == ".png" else b"<?xml"), path)
                self.assertEqual(content, (pathlib.Path(second) / path.name).read_bytes(), path.name)

    def test_bounds_are_where_they_were_planted(self):
        figure = bound_plots.bound_width(planted())
        lines = {line.get_label(): line for line in figure.axes[0].get_lines()}
        self.assertEqual(list(lines["product of norms"].get_xdata()), [8, 16, 64, 128])
        # The mean of 100 (1 + k / 10) over k = 0..9 is 145.
        for y in lines["GeoLIP, verified upper bound"].get_ydata():
            self.assertAlmostEqual(y, 145, places=9)
        for y in lines["product of norms"].get_ydata():
            self.assertAlmostEqual(y, 580, places=9)
        self.assertIn("made_up_method", lines)

    def test_an_arrow_shows_where_a_limit_was_reached(self):
        axis = time_plots.time_neurons(planted()).axes[0]
        (arrow,) = (line for line in axis.get_lines() if line.get_marker() == plot_style.UP)
        self.assertEqual((arrow.get_xdata()[0], arrow.get_ydata()[0]), (128, 60.0))

    def test_exponents_stand_in_the_legend(self):
        labels = [text.get_text() for text in time_plots.time_scaling(planted()).axes[0].get_legend().get_texts()]
        self.assertEqual(labels, [r"two layers, $\ell_\infty$: $n^{2.00}$", r"two layers, $\ell_2$: $n^{2.00}$"])

    def test_what_has_no_results_is_named_and_not_drawn(self):
        empty = dict.fromkeys(planted(), [])
        with tempfile.TemporaryDirectory() as folder:
            written, missing = plots.draw(empty, pathlib.Path(folder))
        self.assertEqual((written, missing), ([], list(plots.FIGURES)))

    def test_recorded_results_can_be_drawn(self):
        folder = plots.ROOT / "bench/results"
        paths = sorted(path for part in ("paper", "peers") for path in (folder / part).glob("*.jsonl"))
        if not paths:
            self.skipTest(f"{folder} has no results")
        with tempfile.TemporaryDirectory() as out:
            written, _ = plots.draw(results.read_lines(paths), pathlib.Path(out))
        self.assertGreater(len(written), 0)


if __name__ == "__main__":
    unittest.main()
