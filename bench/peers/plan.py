"""What is run: networks, methods and the order of it.

On the paper's networks cheap methods go first, on all outputs; then the others, output by output over all networks, so that
a run that is ended early has something in every cell. A cell is a network, a norm and a method.
"""

import dataclasses

import methods

GEOLIP = methods.GEOLIP.name
# In place of an output, all outputs in one run of GeoLIP. "sharp" is the yardstick: its relaxation and its upper bound
# enclose the SDP's optimum so tightly that a solver's value can be judged by it.
BATCHES = {"all": (), "sharp": ("--gap", "1e-8", "--precision", "float64")}

PAPER = {
    "mnist_784-8-10": "784-8-10",
    "mnist_784-16-10": "784-16-10",
    "mnist_784-64-10": "784-64-10",
    "mnist_784-64-10_pgd": "784-64-10, PGD",
    "mnist_784-128-10": "784-128-10",
    "mnist_784-256-10": "784-256-10",
    "mnist_784-256-10_pgd": "784-256-10, PGD",
    "mnist_784-64x2-10": "784-64x2-10",
    "mnist_784-64x6-10": "784-64x6-10",
    "mnist_784-64x7-10": "784-64x7-10",
}
ENUMERATED = ("mnist_784-8-10", "mnist_784-16-10")
LIPDIFF = ("mnist_784-64-10", "mnist_784-256-10", "mnist_784-256-10_pgd")
CHEAP = ("product", GEOLIP, "enumeration", "gradient_sampling")

# ECLipsE's own grid, and wide ones beyond; (hidden layers, their width)
GRID = [(depth, width) for depth in (2, 5, 10, 20, 30, 50, 75, 100) for width in (20, 40, 60, 80, 100)]
WIDE = [(5, 200), (20, 200), (50, 200), (5, 500), (20, 500), (5, 1000), (10, 1000)]
PEERS_METHODS = ("product", GEOLIP, "eclipse_fast", "eclipse", "eclipse_csdp", "natural_csdp")


@dataclasses.dataclass(frozen=True)
class Run:
    network: str
    title: str
    path: str
    norm: str
    output: int | str
    method: str


def paper_runs(folder, descriptions, chosen=None, outputs=10):
    names = [name for name in PAPER if not chosen or name in chosen]

    def run(name, norm, output, method):
        return Run(name, PAPER[name], str(folder / f"{name}.onnx"), norm, output, method)

    def wanted(name, method):
        if method == "enumeration":
            return name in ENUMERATED
        return method != "lipdiff" or name in LIPDIFF

    def cells(method):
        norms = descriptions[method].norms if method in descriptions else ()
        return [(name, norm) for name in names if wanted(name, method) for norm in norms]

    for method in CHEAP:
        for name, norm in cells(method):
            for output in range(outputs):
                yield run(name, norm, output, method)
    for batch in BATCHES:
        for name, norm in cells(GEOLIP):
            yield run(name, norm, batch, GEOLIP)
    others = [method for method in methods.NAMES if method not in CHEAP]
    for output in range(outputs):
        for method in others:
            for name, norm in cells(method):
                yield run(name, norm, output, method)


def peers_runs(folder, descriptions, chosen=None):
    """Small networks first, each by all methods."""
    for depth, width in sorted(GRID + WIDE, key=lambda shape: (shape[0] * shape[1], shape)):
        name = f"random_{depth}x{width}"
        if not chosen or name in chosen:
            for method in PEERS_METHODS:
                if method in descriptions:
                    yield Run(name, f"{depth}x{width}", str(folder / f"{name}.npz"), "l2", 0, method)
