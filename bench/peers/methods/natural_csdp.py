"""The natural SDP by the interior-point solver CSDP (B. Borchers), primal and dual at once."""

import natural_sdp
import sdpa_format
from methods import Method, Outcome, SolverFailed

METHOD = Method("natural_csdp", "SDP, CSDP", "natural SDP of the GeoLIP paper; CSDP", "natural", "claim")

STATUS = {
    3: "partial success: less than full accuracy",
    1: "primal infeasible",
    2: "dual infeasible",
    4: "iteration limit",
    5: "stuck at the edge of primal feasibility",
    6: "stuck at the edge of dual feasibility",
    7: "lack of progress",
    8: "X, Z or O singular",
    9: "NaN or infinity",
}


def solve(problem):
    text, status, y = sdpa_format.run("csdp", problem)
    if status not in (0, 3) or len(y) != len(problem.rhs):
        raise SolverFailed(f"CSDP: {STATUS.get(status, f'exit status {status}')}")
    primal = sdpa_format.last_number("Primal objective value", text)
    details = {
        "primal": problem.quantity(primal),
        "iterations": text.count("Iter:"),
        "dual_infeasibility": sdpa_format.last_number("Relative dual infeasibility", text),
        "order": problem.order,
        "constraints": len(problem.rhs),
    }
    return Outcome(problem.quantity(float(problem.rhs @ y)), STATUS.get(status, ""), details)


def bound(layers, norm, objective, **_):
    return solve(natural_sdp.natural_sdp(layers, norm, objective))
