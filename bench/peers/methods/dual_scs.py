"""The dual form by the first-order solver SCS, at its default tolerances of 1e-4."""

import scs

import conic
import natural_sdp
from methods import Method, OutOfTime, Outcome, SolverFailed

METHOD = Method("dual_scs", "dual, SCS", "the natural SDP's dual (LipSDP-Neuron); SCS", "natural", "claim")

TIME_SHARE = 0.9  # of the budget: SCS then stops by itself and says so
MAX_ITERATIONS = 1000000


def bound(layers, norm, objective, budget_s=None, accuracy=1e-4, **_):
    problem = natural_sdp.natural_sdp(layers, norm, objective)
    a, b, nonnegative, order = conic.conic_form(problem, conic.lower_by_columns)
    limit = {} if budget_s is None else {"time_limit_secs": TIME_SHARE * budget_s}
    solver = scs.SCS({"A": a, "b": b, "c": problem.rhs}, {"l": nonnegative, "s": [order]}, verbose=False,
                     eps_abs=accuracy, eps_rel=accuracy, max_iters=MAX_ITERATIONS, **limit)
    solution = solver.solve()
    status = solution["info"]["status"]
    if "time_limit" in status or "max_iters" in status:
        raise OutOfTime(f"SCS: {status} after {solution['info']['iter']} iterations")
    if status != "solved":
        raise SolverFailed(f"SCS: {status}")
    value = problem.quantity(float(problem.rhs @ solution["x"]))
    return Outcome(value, "", {"iterations": int(solution["info"]["iter"]), "order": order})
