"""The dual form by the dual-scaling solver DSDP (Benson, Ye), whose iterates are dual feasible up to rounding."""

import natural_sdp
import sdpa_format
from methods import Method, Outcome, SolverFailed

METHOD = Method("dual_dsdp", "dual, DSDP", "the natural SDP's dual; DSDP", "natural", "claim")


def bound(layers, norm, objective, **_):
    problem = natural_sdp.natural_sdp(layers, norm, objective)
    text, status, y = sdpa_format.run("dsdp5", problem)
    if status != 0 or len(y) != len(problem.rhs) or "DSDP Converged" not in text:
        reason = next((line.strip() for line in text.splitlines() if "DSDP" in line and ":" not in line), "no result")
        raise SolverFailed(f"DSDP: {reason}")
    return Outcome(problem.quantity(float(problem.rhs @ y)), "", {"order": problem.order})
