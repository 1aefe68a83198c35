"""The dual form by the interior-point solver Clarabel, which factors a dense matrix of the semidefinite cone's size:
n (n + 1) / 2 for a cone of order n.
"""

import clarabel
import numpy as np
from scipy import sparse

import conic
import natural_sdp
from methods import Method, OutOfTime, Outcome, SolverFailed

METHOD = Method("dual_clarabel", "dual, Clarabel", "the natural SDP's dual (LipSDP-Neuron); Clarabel", "natural", "claim")


def bound(layers, norm, objective, **_):
    problem = natural_sdp.natural_sdp(layers, norm, objective)
    a, b, nonnegative, order = conic.conic_form(problem, conic.upper_by_columns)
    cones = [clarabel.NonnegativeConeT(nonnegative)] if nonnegative else []
    cones.append(clarabel.PSDTriangleConeT(order))
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    count = len(problem.rhs)
    solver = clarabel.DefaultSolver(sparse.csc_matrix((count, count)), problem.rhs, a, b, cones, settings)
    solution = solver.solve()
    status = str(solution.status)
    if "MaxTime" in status:
        raise OutOfTime(f"Clarabel: {status}")
    if "Solved" not in status:
        raise SolverFailed(f"Clarabel: {status}")
    value = problem.quantity(float(problem.rhs @ np.asarray(solution.x)))
    return Outcome(value, "" if status == "Solved" else status, {"iterations": solution.iterations, "order": order})
