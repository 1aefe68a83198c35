"""Bounds in two norms against each other."""

import plot_style as style
import transfer_table

NORMS = tuple(style.NORMS)
TRANSFER_TICKS = (0.02, 0.05, 0.1, 0.2, 0.5, 1)


def norm_transfer(lines):
    """Bounds in both norms as multiples of the plainly trained network's."""
    if not lines["transfer"]:
        return None
    shapes = transfer_table.grouped(lines["transfer"])
    figure, axes = style.panels(len(shapes), width=4.0 * len(shapes), sharex=True, sharey=True)
    looks = {
        "PGD, l_inf": (style.BLUE, "o"),
        "PGD, l_2": (style.SKY, "s"),
        "product penalty, l_inf": (style.VERMILION, "^"),
        "product penalty, l_2": (style.ORANGE, "D"),
    }
    for axis, (shape, trainings) in zip(axes, shapes.items()):
        axis.plot(
            [TRANSFER_TICKS[0], 1],
            [TRANSFER_TICKS[0], 1],
            color=style.BLACK,
            linewidth=0.8,
            label="both bounds fall alike",
        )
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
        style.plain_ticks(axis.xaxis, TRANSFER_TICKS)
        style.plain_ticks(axis.yaxis, TRANSFER_TICKS)
    axes[0].set_ylabel(f"{style.NORMS['l2']} bound / plain network's")
    figure.suptitle("Norm transfer: what a training does to the bounds of the margins in both norms")
    style.shared_legend(figure, axes, 6)
    return figure
