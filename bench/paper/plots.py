#!/usr/bin/env python3
"""Draws docs/plots/*.png and *.svg from the results of the comparison, of norm_transfer.py, sandwich.py and scaling.py.

    build/bench-venv/bin/python bench/paper/plots.py

Reads bench/results/paper/*.jsonl and bench/results/peers/*.jsonl. A plot whose results are missing is not drawn, and
named.
"""

import argparse
import pathlib
import sys

import bound_plots
import plot_style as style
import results
import sandwich_plot
import time_plots
import transfer_plot

ROOT = pathlib.Path(__file__).resolve().parents[2]

FIGURES = {
    "bound_width": bound_plots.bound_width,
    "bound_depth": bound_plots.bound_depth,
    "random_depth": bound_plots.random_depth,
    "time_neurons": time_plots.time_neurons,
    "time_scaling": time_plots.time_scaling,
    "sandwich_784-256-10": lambda lines: sandwich_plot.sandwich(lines, "mnist_784-256-10"),
    "sandwich_784-64x6-10": lambda lines: sandwich_plot.sandwich(lines, "mnist_784-64x6-10"),
    "norm_transfer": transfer_plot.norm_transfer,
}


def draw(lines, folder):
    """The files written, and the names of the plots that had no results."""
    written, missing = [], []
    for name, figure_of in FIGURES.items():
        figure = figure_of(lines)
        if figure is None:
            missing.append(name)
        else:
            written += style.save(figure, folder, name)
    return written, missing


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=pathlib.Path, default=ROOT / "bench/results", help="holds paper/ and peers/")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "docs/plots", help="where the plots go")
    arguments = parser.parse_args()
    paths = sorted(path for part in ("paper", "peers") for path in (arguments.results / part).glob("*.jsonl"))
    if not paths:
        parser.error(f"{arguments.results} has no paper/*.jsonl or peers/*.jsonl")
    written, missing = draw(results.read_lines(paths), arguments.out)
    for path in written:
        print(path)
    for name in missing:
        print(f"{name}: no results, not drawn", file=sys.stderr)


if __name__ == "__main__":
    main()
