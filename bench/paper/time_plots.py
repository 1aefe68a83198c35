"""Times of all methods against neurons, log-log, with fitted exponents."""

import collections

import plot_style as style
import results
from bound_plots import NORMS, is_plain_mnist

# Exponents are fitted from this number of neurons on: below, GeoLIP's start takes longer than the work that grows.
FITTED_FROM = 256
OTHERS_FITTED_FROM = 64  # they end at 256


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


def draw_limits_reached(axis, lines, norm):
    """An arrow where a method was ended by a limit on time or memory: it would have taken more."""
    for (network, of_norm, method), line in results.limits_reached(lines).items():
        if of_norm == norm and is_plain_mnist(network) and len(line["widths"]) == 3:
            color = style.method_style(method)["color"]
            axis.plot(line["widths"][1], line["cpu_s"], marker=style.UP, color=color, markersize=11)


def time_neurons(lines):
    """CPU seconds an output of every method on the two-layer MNIST networks, one panel a norm; GeoLIP's line goes on with
    wider random networks, where its time is more than its start."""
    cells = [cell for cell in results.cells(lines["result"]) if is_plain_mnist(cell.network) and len(cell.hidden) == 1]
    norms = [norm for norm in NORMS if any(cell.norm == norm for cell in cells)]
    if not norms:
        return None
    figure, axes = style.panels(len(norms), width=12.5, height=5.8, sharey=True)
    for axis, norm in zip(axes, norms):
        shown = [cell for cell in cells if cell.norm == norm]
        for method in style.in_order({cell.method for cell in shown} - {results.LOWER}):
            line = sorted((cell.neurons, cell.seconds) for cell in shown if cell.method == method)
            if method == results.GEOLIP:
                line += wider_networks(lines["scaling"], norm, beyond=line[-1][0])
            first = FITTED_FROM if method == results.GEOLIP else OTHERS_FITTED_FROM
            draw_power_law(axis, *zip(*line), first, **style.method_style(method))
        draw_limits_reached(axis, lines["result"], norm)
        axis.set(xscale="log", yscale="log", xlabel="hidden neurons n", title=f"{style.NORMS[norm]} perturbations")
        axis.set_xscale("log", base=2)
        style.plain_ticks(axis.xaxis, [2**k for k in range(3, 12)])
        axis.legend(loc="upper left", bbox_to_anchor=(-0.08, -0.13), ncols=2, columnspacing=1.0, handlelength=2.2)
    axes[0].set_ylabel("CPU seconds for one output\n(arrow: ended by a limit)")
    fitted = f"n \u2265 {OTHERS_FITTED_FROM} (GeoLIP: n \u2265 {FITTED_FROM})"
    figure.suptitle(f"Time on two-layer networks, with exponents fitted to {fitted}")
    return figure


def time_scaling(lines):
    """GeoLIP alone on random networks, without its start: wider, and deeper."""
    if not lines["scaling"]:
        return None
    figure, axes = style.panels(2, sharey=True)
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
    for axis, title in zip(
        axes, ("wider: 784 inputs, 1 and 3 hidden layers", "deeper: 784 inputs, 64 neurons a layer")
    ):
        axis.set(xscale="log", yscale="log", xlabel="hidden neurons n", title=title)
        ticks = sorted({x for points in groups.values() for x, _ in points})
        axis.set_xscale("log", base=2)
        style.plain_ticks(axis.xaxis, [t for t in ticks if t & (t - 1) == 0])
        axis.legend(loc="upper left")
    axes[0].set_ylabel("CPU seconds for one verified bound")
    figure.suptitle(f"GeoLIP's work on random ReLU networks, with exponents fitted to n \u2265 {FITTED_FROM}")
    return figure
