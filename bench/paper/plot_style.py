"""How the plots look and how they are saved: the same results make the same bytes."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
import matplotlib.markers  # noqa: E402
import matplotlib.ticker  # noqa: E402

# Okabe and Ito's colours, which colour-blind readers tell apart.
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
GREY = "#777777"
UP = matplotlib.markers.CARETUPBASE

# Label, colour, marker, line style by method, in the order of legends: bounds from above to below. Solvers of one
# relaxation share a colour.
METHODS = {
    "product": ("product of norms", BLACK, "x", ":"),
    "lipopt": ("LiPopt (LP, HiGHS)", PURPLE, "P", "-."),
    "eclipse_fast": ("ECLipsE-Fast", ORANGE, "v", "--"),
    "eclipse": ("ECLipsE (package)", VERMILION, "^", "--"),
    "eclipse_csdp": ("ECLipsE afresh (CSDP)", VERMILION, ">", "-."),
    "layer_csdp": ("LipSDP-Layer (CSDP)", SKY, "d", "-."),
    "lipdiff": ("LipDiff", PURPLE, "h", "--"),
    "dual_scs": ("dual SDP (SCS)", GREEN, "*", ":"),
    "dual_dsdp": ("dual SDP (DSDP)", GREEN, "D", ":"),
    "dual_clarabel": ("dual SDP (Clarabel)", GREEN, "o", ":"),
    "natural_csdp": ("SDP (CSDP)", GREEN, "s", "--"),
    "geolip": ("GeoLIP, verified upper bound", BLUE, "o", "-"),
    "enumeration": ("enumeration (exact FGL)", VERMILION, "+", "-"),
    "geolip_lower": ("GeoLIP, lower bound", BLUE, ".", "--"),
    "gradient_sampling": ("gradients at inputs (lower bound)", GREY, "1", "-"),
}
NORMS = {"linf": r"$\ell_\infty$", "l2": r"$\ell_2$"}

plt.rcParams.update({
    "svg.hashsalt": "geolip",
    "font.size": 11,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "lines.markersize": 7,
    "savefig.dpi": 110,
    "savefig.facecolor": "white",
})  # fmt: skip


def method_style(method):
    """Line properties; a method that the list does not know is drawn too, under its own name."""
    label, color, marker, line = METHODS.get(method, (method, GREY, "X", ":"))
    style = {"label": label, "color": color, "marker": marker, "linestyle": line}
    if marker == "+":
        style |= {"markersize": 13, "markeredgewidth": 2, "zorder": 5}  # seen where it meets others
    if marker not in "x+1*." and method != "geolip":
        style |= {"markerfacecolor": "none", "zorder": 4}  # equal bounds lie on each other: all are to be seen
    return style


def in_order(methods):
    known = list(METHODS)
    return sorted(methods, key=lambda m: (known.index(m) if m in known else len(known), m))


def panels(columns=2, width=11.0, height=4.6, **keywords):
    figure, axes = plt.subplots(1, columns, figsize=(width, height), layout="constrained", squeeze=False, **keywords)
    return figure, axes[0]


def shared_legend(figure, axes, columns):
    """One legend below all panels, each method once, in the order of the list."""
    entries = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels()):
            entries.setdefault(label, handle)
    order = [label for label, *_ in METHODS.values()]
    labels = sorted(entries, key=lambda label: order.index(label) if label in order else len(order))
    figure.legend([entries[label] for label in labels], labels, loc="outside lower center", ncols=columns)


def plain_ticks(coordinate, values):
    """Ticks at these values alone; coordinate is an axes' xaxis or yaxis."""
    coordinate.set_ticks(values, [str(v) for v in values])
    coordinate.set_minor_locator(matplotlib.ticker.NullLocator())


def plain_log_ticks(axis):
    """2, 3, 5, 10 in place of 2 x 10^0 where the axis is short; powers of ten alone where it is long."""
    low, high = axis.get_ylim()
    if high / low < 300:
        axis.yaxis.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 2, 3, 5)))
        axis.yaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:g}"))
        axis.yaxis.set_minor_locator(matplotlib.ticker.NullLocator())


def save(figure, folder, name):
    """NAME.png and NAME.svg, without dates and versions of programs."""
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})
    figure.savefig(folder / f"{name}.png", metadata={"Software": None})
    plt.close(figure)
    return [folder / f"{name}.{kind}" for kind in ("svg", "png")]
