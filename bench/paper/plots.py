#!/usr/bin/env python3
"""Draws docs/plots/*.png and *.svg from the results of the comparison, of norm_transfer.py, sandwich.py and scaling.py.

    build/bench-venv/bin/python bench/paper/plots.py

Reads bench/results/paper/*.jsonl and bench/results/peers/*.jsonl. A plot whose results are missing is not drawn, and
named.
"""

import argparse
import collections
import pathlib
import sys

import matplotlib.ticker
import plot_style as style
import results
import transfer_table

from plot_style import plt

ROOT = pathlib.Path(__file__).resolve().parents[2]
NORMS = ("linf", "l2")

# Exponents are fitted from this number of neurons on: below, GeoLIP's start takes longer than the work that grows.
FITTED_FROM = 256
OTHERS_FITTED_FROM = 64  # they end at 256


def panels(columns=2, width=11.0, height=4.6, **keywords):
    figure, axes = plt.subplots(1, columns, figsize=(width, height), layout="constrained", squeeze=False, **keywords)
    return figure, axes[0]


def shared_legend(figure, axes, columns):
    """One legend below all panels, each method once, in the order of the list."""
    entries = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels()):
            entries.setdefault(label, handle)
    order = [label for label, *_ in style.METHODS.values()]
    labels = sorted(entries, key=lambda label: order.index(label) if label in order else len(order))
    figure.legend([entries[label] for label in labels], labels, loc="outside lower center", ncols=columns)


def plain_ticks(axis, values):
    axis.set_xticks(values, [str(v) for v in values])
    axis.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())


def plain_log_ticks(axis):
    """2, 3, 5, 10 in place of 2 x 10^0 where the axis is short; powers of ten alone where it is long."""
    low, high = axis.get_ylim()
    if high / low < 300:
        axis.yaxis.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 2, 3, 5)))
        axis.yaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:g}"))
        axis.yaxis.set_minor_locator(matplotlib.ticker.NullLocator())


def bounds_against(cells, position, chosen, xlabel, title, log_x):
    """Bounds of every method, one panel a norm."""
    chosen_cells = [cell for cell in cells if chosen(cell)]
    norms = [norm for norm in NORMS if any(cell.norm == norm for cell in chosen_cells)]
    if not norms:
        return None
    figure, axes = panels(len(norms))
    for axis, norm in zip(axes, norms):
        shown = [cell for cell in chosen_cells if cell.norm == norm]
        for method in style.in_order({cell.method for cell in shown}):
            line = sorted((position(cell), cell.value) for cell in shown if cell.method == method)
            axis.plot(*zip(*line), **style.method_style(method))
        axis.set(yscale="log", xlabel=xlabel, title=f"{style.NORMS[norm]} perturbations")
        if log_x:
            axis.set_xscale("log", base=2)
        plain_ticks(axis, sorted({position(cell) for cell in shown}))
        plain_log_ticks(axis)
    axes[0].set_ylabel("mean bound of the outputs\n(change of a logit / change of the input)")
    figure.suptitle(title)
    shared_legend(figure, axes, 4)
    return figure


def on_mnist_plainly(cell):
    return cell.network.startswith("mnist_") and cell.network.endswith("-10")


def bound_width(lines):
    return bounds_against(
        results.cells(lines["result"]),
        position=lambda cell: cell.hidden[0],
        chosen=lambda cell: on_mnist_plainly(cell) and len(cell.hidden) == 1,
        xlabel="neurons of the hidden layer",
        title="Lipschitz bounds of two-layer MNIST networks",
        log_x=True,
    )


def bound_depth(lines):
    return bounds_against(
        results.cells(lines["result"]),
        position=lambda cell: len(cell.hidden),
        chosen=lambda cell: on_mnist_plainly(cell) and set(cell.hidden) == {64},
        xlabel="hidden layers of 64 neurons",
        title="Lipschitz bounds of MNIST networks, by depth",
        log_x=False,
    )


def random_depth(lines):
    """Deep random networks: bounds as multiples of GeoLIP's, one panel a width."""
    cells = [cell for cell in results.cells(lines["result"]) if cell.network.startswith("random_") and cell.norm == "l2"]
    ours = {cell.network: cell.value for cell in cells if cell.method == results.GEOLIP}
    by_width = collections.defaultdict(list)
    for cell in cells:
        if cell.network in ours:
            by_width[cell.hidden[0]].append(cell)
    # A panel needs more than two depths to show a course.
    shown = [w for w in sorted(by_width) if len({len(cell.hidden) for cell in by_width[w]}) > 2]
    shown = [shown[0], shown[len(shown) // 2], shown[-1]] if len(shown) > 3 else shown
    if not shown:
        return None
    figure, axes = panels(len(shown), width=12.0, sharey=True)
    for axis, width in zip(axes, shown):
        for method in style.in_order({cell.method for cell in by_width[width]} - {results.LOWER}):
            group = [cell for cell in by_width[width] if cell.method == method]
            line = sorted((len(cell.hidden), cell.value / ours[cell.network]) for cell in group)
            axis.plot(*zip(*line), **style.method_style(method))
        axis.set(yscale="log", xlabel=f"hidden layers of {width} neurons", title=f"width {width}")
    axes[0].set_ylabel("bound / GeoLIP's verified bound")
    figure.suptitle(r"Deep random networks, $\ell_2$: how far above GeoLIP's bound others lie")
    shared_legend(figure, axes, 5)
    return figure


def draw_power_law(axis, x, y, fitted_from=0, **keywords):
    """A line through the points; the exponent of the power law fitted to those from `fitted_from` goes into the legend."""
    fitted = [(a, b) for a, b in zip(x, y) if a >= fitted_from]
    fit = results.power_law(fitted)
    label = keywords.pop("label")
    if fit:
        label += f": $n^{{{fit[1]:.2f}}}$"
    axis.plot(x, y, label=label, **keywords)


def wider_networks(lines, norm, beyond):
    """(neurons, CPU seconds of the whole process) of GeoLIP on random two-layer networks of more than `beyond` neurons."""
    chosen = [line for line in lines if line["norm"] == norm and line["series"] == "two layers"]
    return sorted((line["widths"][1], line["cpu_s"]) for line in chosen if line["widths"][1] > beyond)


def time_neurons(lines):
    """CPU seconds an output of every method on the two-layer MNIST networks, one panel a norm; GeoLIP's line goes on with
    wider random networks, where its time is more than its start."""
    cells = [cell for cell in results.cells(lines["result"]) if on_mnist_plainly(cell) and len(cell.hidden) == 1]
    norms = [norm for norm in NORMS if any(cell.norm == norm for cell in cells)]
    if not norms:
        return None
    figure, axes = panels(len(norms), height=5.6, sharey=True)
    for axis, norm in zip(axes, norms):
        shown = [cell for cell in cells if cell.norm == norm]
        for method in style.in_order({cell.method for cell in shown} - {results.LOWER}):
            line = sorted((cell.neurons, cell.seconds) for cell in shown if cell.method == method)
            if method == results.GEOLIP:
                line += wider_networks(lines["scaling"], norm, beyond=line[-1][0])
            first = FITTED_FROM if method == results.GEOLIP else OTHERS_FITTED_FROM
            draw_power_law(axis, *zip(*line), first, **style.method_style(method))
        axis.set(xscale="log", yscale="log", xlabel="hidden neurons n", title=f"{style.NORMS[norm]} perturbations")
        axis.set_xscale("log", base=2)
        plain_ticks(axis, [2**k for k in range(3, 12)])
        axis.legend(loc="upper left", bbox_to_anchor=(0, -0.14), ncols=2)
    axes[0].set_ylabel("CPU seconds for one output")
    fitted = f"n \u2265 {OTHERS_FITTED_FROM} (GeoLIP: n \u2265 {FITTED_FROM})"
    figure.suptitle(f"Time on two-layer networks, with exponents fitted to {fitted}")
    return figure


def time_scaling(lines):
    """GeoLIP alone on random networks, without its start: wider, and deeper."""
    if not lines["scaling"]:
        return None
    figure, axes = panels(2, sharey=True)
    colors = {"two layers": style.BLUE, "four layers": style.VERMILION, "64 wide": style.GREEN}
    looks = {"linf": ("o", "-"), "l2": ("s", "--")}
    groups = collections.defaultdict(list)
    for line in lines["scaling"]:
        groups[line["series"], line["norm"]].append((sum(line["widths"][1:-1]), line["cpu_s"] - line["start_cpu_s"]))
    for (series, norm), points in groups.items():
        axis = axes[1 if series == "64 wide" else 0]
        marker, dash = looks[norm]
        keywords = {"color": colors.get(series, style.GREY), "marker": marker, "linestyle": dash}
        label = f"{series}, {style.NORMS[norm]}"
        draw_power_law(axis, *zip(*sorted(points)), FITTED_FROM, label=label, markerfacecolor="none", **keywords)
    for axis, title in zip(axes, ("wider: 784 inputs, 1 and 3 hidden layers", "deeper: 784 inputs, 64 neurons a layer")):
        axis.set(xscale="log", yscale="log", xlabel="hidden neurons n", title=title)
        ticks = sorted({x for points in groups.values() for x, _ in points})
        axis.set_xscale("log", base=2)
        plain_ticks(axis, [t for t in ticks if t & (t - 1) == 0])
        axis.legend(loc="upper left")
    axes[0].set_ylabel("CPU seconds for one verified bound")
    figure.suptitle(f"GeoLIP's work on random ReLU networks, with exponents fitted to n \u2265 {FITTED_FROM}")
    return figure


def sandwich(lines, network):
    """Lower and upper bound of each output, and gradients that occur below them."""
    chosen = {line["norm"]: line for line in lines["sandwich"] if line["network"] == network}
    if not chosen:
        return None
    figure, axes = panels(len(chosen))
    colors = (style.ORANGE, style.GREY)
    for axis, (norm, line) in zip(axes, chosen.items()):
        for output in line["outputs"]:
            k, low, high = output["output"], output["lower"], output["upper"]
            first = k == 0
            axis.fill_between([k - 0.38, k + 0.38], low, high, color=style.SKY, alpha=0.6, linewidth=0,
                              label="the FGL lies here" if first else None)  # fmt: skip
            axis.hlines(high, k - 0.38, k + 0.38, color=style.BLUE, label="verified upper bound" if first else None)
            axis.hlines(low, k - 0.38, k + 0.38, color=style.BLUE, linestyle=":", linewidth=1.8,
                        label="lower bound (a pattern)" if first else None)  # fmt: skip
            for side, ((name, samples), color) in enumerate(zip(line["gradients"].items(), colors)):
                values = samples[k]
                # Spread evenly in the order of the samples: no chance, the same plot each time.
                x = [k + (0.2 * (2 * side - 1)) + 0.16 * (2 * i / len(values) - 1) for i in range(len(values))]
                axis.plot(x, values, ".", color=color, markersize=2.5, rasterized=True,
                          label=f"gradients, {name}" if first else None)  # fmt: skip
        axis.set(xlabel="output (digit)", title=f"{style.NORMS[norm]} perturbations", xticks=range(len(line["outputs"])))
        axis.set_ylim(bottom=0)
    axes[0].set_ylabel("dual norm of the gradient")
    figure.suptitle(f"{network.removeprefix('mnist_')} on MNIST: each output between its bounds")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, markerscale=3)
    return figure


TRANSFER_TICKS = (0.02, 0.05, 0.1, 0.2, 0.5, 1)


def norm_transfer(lines):
    """Bounds in both norms as multiples of the plainly trained network's."""
    if not lines["transfer"]:
        return None
    shapes = transfer_table.grouped(lines["transfer"])
    figure, axes = panels(len(shapes), width=4.0 * len(shapes), sharex=True, sharey=True)
    looks = {
        "PGD, l_inf": (style.BLUE, "o"),
        "PGD, l_2": (style.SKY, "s"),
        "product penalty, l_inf": (style.VERMILION, "^"),
        "product penalty, l_2": (style.ORANGE, "D"),
    }
    for axis, (shape, trainings) in zip(axes, shapes.items()):
        axis.plot([TRANSFER_TICKS[0], 1], [TRANSFER_TICKS[0], 1], color=style.BLACK, linewidth=0.8, label="both bounds fall alike")
        axis.plot(1, 1, "*", color=style.BLACK, markersize=12, label="plain")
        for name, by_norm in trainings.items():
            if name == "plain":
                continue
            x, y = (
                transfer_table.mean_upper(by_norm[n]) / transfer_table.mean_upper(trainings["plain"][n]) for n in NORMS
            )
            color, marker = looks.get(name, (style.GREY, "X"))
            label = name.replace("l_inf", style.NORMS["linf"]).replace("l_2", style.NORMS["l2"])
            axis.plot(x, y, marker, color=color, markersize=10, label=label)
        axis.set(xscale="log", yscale="log", title=shape, xlabel=f"{style.NORMS['linf']} bound / plain network's")
        plain_ticks(axis, TRANSFER_TICKS)
        axis.set_yticks(TRANSFER_TICKS, [str(t) for t in TRANSFER_TICKS])
        axis.yaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axes[0].set_ylabel(f"{style.NORMS['l2']} bound / plain network's")
    figure.suptitle("Norm transfer: what a training does to the bounds of the margins in both norms")
    shared_legend(figure, axes, 6)
    return figure


FIGURES = {
    "bound_width": bound_width,
    "bound_depth": bound_depth,
    "random_depth": random_depth,
    "time_neurons": time_neurons,
    "time_scaling": time_scaling,
    "sandwich_784-256-10": lambda lines: sandwich(lines, "mnist_784-256-10"),
    "sandwich_784-64x6-10": lambda lines: sandwich(lines, "mnist_784-64x6-10"),
    "norm_transfer": norm_transfer,
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
