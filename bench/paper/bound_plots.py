"""Bounds of all methods against width and depth."""

import collections

import plot_style as style
import results

NORMS = tuple(style.NORMS)


def bounds_against(cells, position, chosen, xlabel, title, log_x):
    """Bounds of every method, one panel a norm."""
    chosen_cells = [cell for cell in cells if chosen(cell)]
    norms = [norm for norm in NORMS if any(cell.norm == norm for cell in chosen_cells)]
    if not norms:
        return None
    figure, axes = style.panels(len(norms))
    for axis, norm in zip(axes, norms):
        shown = [cell for cell in chosen_cells if cell.norm == norm]
        for method in style.in_order({cell.method for cell in shown}):
            line = sorted((position(cell), cell.value) for cell in shown if cell.method == method)
            axis.plot(*zip(*line), **style.method_style(method))
        axis.set(yscale="log", xlabel=xlabel, title=f"{style.NORMS[norm]} perturbations")
        if log_x:
            axis.set_xscale("log", base=2)
        style.plain_ticks(axis.xaxis, sorted({position(cell) for cell in shown}))
        style.plain_log_ticks(axis)
    axes[0].set_ylabel("mean bound of the outputs\n(change of a logit / change of the input)")
    figure.suptitle(title)
    style.shared_legend(figure, axes, 4)
    return figure


def is_plain_mnist(network):
    """Whether it is one of the plainly trained networks: names of the others go on."""
    return network.startswith("mnist_") and network.endswith("-10")


def bound_width(lines):
    return bounds_against(
        results.cells(lines["result"]),
        position=lambda cell: cell.hidden[0],
        chosen=lambda cell: is_plain_mnist(cell.network) and len(cell.hidden) == 1,
        xlabel="neurons of the hidden layer",
        title="Lipschitz bounds of two-layer MNIST networks",
        log_x=True,
    )


def bound_depth(lines):
    return bounds_against(
        results.cells(lines["result"]),
        position=lambda cell: len(cell.hidden),
        chosen=lambda cell: is_plain_mnist(cell.network) and set(cell.hidden) == {64},
        xlabel="hidden layers of 64 neurons",
        title="Lipschitz bounds of MNIST networks, by depth",
        log_x=False,
    )


def random_depth(lines):
    """Deep random networks: bounds as multiples of GeoLIP's, one panel a width."""
    cells = [
        cell for cell in results.cells(lines["result"]) if cell.network.startswith("random_") and cell.norm == "l2"
    ]
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
    figure, axes = style.panels(len(shown), width=12.0, sharey=True)
    for axis, width in zip(axes, shown):
        for method in style.in_order({cell.method for cell in by_width[width]} - {results.LOWER}):
            group = [cell for cell in by_width[width] if cell.method == method]
            line = sorted((len(cell.hidden), cell.value / ours[cell.network]) for cell in group)
            axis.plot(*zip(*line), **style.method_style(method))
        axis.set(yscale="log", xlabel=f"hidden layers of {width} neurons", title=f"width {width}")
    axes[0].set_ylabel("bound / GeoLIP's verified bound")
    figure.suptitle(r"Deep random networks, $\ell_2$: how far above GeoLIP's bound others lie")
    style.shared_legend(figure, axes, 5)
    return figure
