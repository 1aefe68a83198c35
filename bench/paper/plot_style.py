"""How the plots look and how they are saved: the same results make the same bytes."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

# Okabe and Ito's colours, which colour-blind readers tell apart.
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
GREY = "#777777"

# Label, colour, marker, line style by method, in the order of legends: bounds from above to below.
METHODS = {
    "product": ("product of norms", BLACK, "x", ":"),
    "lipopt": ("LiPopt (LP, HiGHS)", PURPLE, "P", "-."),
    "eclipse_fast": ("ECLipsE-Fast", ORANGE, "v", "--"),
    "eclipse": ("ECLipsE", VERMILION, "^", "--"),
    "layer_csdp": ("LipSDP-Layer (CSDP)", SKY, "d", "-."),
    "lipdiff": ("LipDiff", GREY, "h", "--"),
    "dual_scs": ("dual SDP (SCS)", SKY, "*", ":"),
    "dual_dsdp": ("dual SDP (DSDP)", PURPLE, "D", ":"),
    "dual_clarabel": ("dual SDP (Clarabel)", ORANGE, "o", ":"),
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
    if marker not in "x+1*":
        style["markerfacecolor"] = color if method.startswith("geolip") else "none"
    return style


def in_order(methods):
    known = list(METHODS)
    return sorted(methods, key=lambda m: (known.index(m) if m in known else len(known), m))


def save(figure, folder, name):
    """NAME.png and NAME.svg, without dates and versions of programs."""
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})
    figure.savefig(folder / f"{name}.png", metadata={"Software": None})
    plt.close(figure)
    return [folder / f"{name}.{kind}" for kind in ("svg", "png")]
