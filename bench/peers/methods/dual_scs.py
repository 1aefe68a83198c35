"""The dual form by the first-order solver SCS, at its default tolerances of 1e-4."""

import scs

import conic
import natural_sdp
from methods import Method, OutOfTime, Outcome, SolverFailed

METHOD = Method("dual_scs", "dual, SCS", "the natural SDP's dual (LipSDP-Neuron); SCS", "natural", "claim")

MAX_ITERATIONS = 1000000


def bound(layers, norm, objective, accuracy=1e-4, **_):
    problem = natural_sdp.natural_sdp(layers, norm, objective)
    a, b, nonnegative, order = conic.conic_form(problem, conic.lower_by_columns)
    solver = scs.SCS({"A": a, "b": b, "c": problem.rhs}, {"l": nonnegative, "s": [order]}, verbose=False,
                     eps_abs=accuracy, eps_rel=accuracy, max_iters=MAX_ITERATIONS)
    solution = solver.solve()
    status = solution["info"]["status"]
    if "max_iters" in status:
        raise OutOfTime(f"SCS: {status} after {solution['info']['iter']} iterations")
    if status != "solved":
        raise SolverFailed(f"SCS: {status}")
    value = problem.quantity(float(problem.rhs @ solution["x"]))
    return Outcome(value, "", {"iterations": int(solution["info"]["iter"]), "order": order})
