"""The methods of the comparison: one file each, one description each.

A file defines METHOD and

    bound(layers, norm, objective, **context) -> Outcome

with layers the weight matrices (float64, ReLU between them), norm "linf" or "l2", and objective the index of an output.
Context: `biases`, `images` (a folder with MNIST, or None), `budget_s` (CPU seconds that an anytime method may take).
"""

import dataclasses
import importlib


@dataclasses.dataclass(frozen=True)
class Method:
    name: str
    title: str  # as the tables head it
    source: str  # the paper or the package
    relaxation: str  # a key of RELAXATIONS
    trust: str  # a key of TRUST
    norms: tuple = ("linf", "l2")
    note: str = ""


RELAXATIONS = {
    "exact": "the FGL itself",
    "lower": "a lower bound of the FGL",
    "natural": "the natural SDP (its primal and its dual have one optimum)",
    "layer": "the natural SDP's dual with one multiplier a layer: above the natural SDP",
    "chain": "the natural SDP's dual, solved layer by layer: above the natural SDP",
    "lp": "a linear program: neither above nor below the SDP in general, above the FGL",
    "product": "product of norms: above the natural SDP",
}

TRUST = {
    "proved": "proved, with every rounding error covered",
    "rounding": "a bound in exact arithmetic; float64 rounding is not covered",
    "claim": "what a solver reports at its tolerance: not a bound in itself",
    "attained": "attained: a lower bound, up to float64 rounding",
}


@dataclasses.dataclass(frozen=True)
class Outcome:
    value: float
    message: str = ""
    details: dict = dataclasses.field(default_factory=dict)


class NotApplicable(Exception):
    """The method does not answer this question; the message says why."""


class SolverFailed(Exception):
    """The solver ended without a solution; the message is its own."""


class OutOfTime(Exception):
    """The solver was stopped by a limit of its own or by the run's."""


class Untrustworthy(Exception):
    """The method gave a value that a check of its own refutes; the message says which."""


# In the order in which a run goes through them: cheap ones first.
NAMES = (
    "product",
    "enumeration",
    "gradient_sampling",
    "eclipse_fast",
    "natural_csdp",
    "dual_dsdp",
    "lipopt",
    "lipdiff",
    "eclipse",
    "eclipse_csdp",
    "layer_csdp",
    "dual_scs",
    "dual_clarabel",
)


def load(name):
    """The module of a method."""
    if name not in NAMES:
        raise ValueError(f"'{name}' is not a method; there are {', '.join(NAMES)}")
    return importlib.import_module(f"methods.{name}")


# Our own runs are made by the command, not by a method's function.
GEOLIP = Method(
    name="geolip",
    title="GeoLIP",
    source="this project",
    relaxation="natural",
    trust="proved",
)


def descriptions():
    """Of all methods whose packages are there, by name."""
    result = {GEOLIP.name: GEOLIP}
    for name in NAMES:
        try:
            result[name] = load(name).METHOD
        except ImportError:
            continue
    return result
