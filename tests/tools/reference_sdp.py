#!/usr/bin/env python3
"""Reference values for small networks from an interior-point solver, independent of GeoLIP.

    python -m venv .venv && .venv/bin/pip install clarabel numpy scipy
    .venv/bin/python tests/tools/reference_sdp.py            # writes tests/data/reference_sdp.json
    .venv/bin/python tests/tools/reference_sdp.py --check    # recomputes it and compares

The natural SDP of docs/method.md is solved in its primal form: a positive semidefinite matrix P, the
Gram matrix of e (a unit vector), the inputs x_j and the neurons v_i, with one constraint a neuron,

    -lo hi |w|^2 + (lo + hi) <v, w> - |v|^2 >= 0        (w: the neuron's input, a combination of rows)

and diag(P_xx) = 1 (linf), trace(P_xx) = 1 (l2). Neurons whose slope interval is a point are linear
combinations of other rows and have no row of their own.  l1: the maximum over the input's coordinates.

JSON schema: {"solver": text, "cases": [case, ...]}, each case
    name       unique
    norm       "linf", "l2" or "l1"
    objective  {"kind": "output" | "margin" | "row" | "vector", "k": int, "j": int, "row": [number, ...]};
               what the kind does not use is 0 or []
    layers     [{"weight": [[number, ...], ...], "slopes": [[lo, hi], ...] or null}, ...]: y = weight x,
               then an elementwise activation whose neuron i has its slopes in [lo, hi]; null (the last
               layer): no activation
    sdp        the SDP's optimum as a bound of the Lipschitz constant (vector, l2: its square root)
    accuracy   largest of the relative primal-dual gap and the relative residuals that the solver reports
    fgl        the formal global Lipschitz constant by enumeration of all slope patterns; null where more
               than 14 neurons have a choice
"""

import argparse
import itertools
import json
import pathlib
import sys

import clarabel
import numpy as np
from scipy import sparse

OUTPUT = pathlib.Path(__file__).resolve().parents[1] / "data" / "reference_sdp.json"
MAX_ENUMERATED = 14

RELU, LEAKY, SIGMOID, SELU, GELU = (0, 1), (0.01, 1), (0, 0.25), (0, 1.7581), (-0.129, 1.129)
ON, OFF = (1, 1), (0, 0)


# ------------------------------------------------------------------ the SDP; `layers` are hidden layers


def normalised(layers):
    """The hidden layers with weights of spectral norm 1, and the product of the factors taken out."""
    norms = [np.linalg.norm(weight, 2) or 1.0 for weight, _ in layers]
    return [(weight / norm, slopes) for (weight, slopes), norm in zip(layers, norms)], np.prod(norms)


def basis_rows(layers):
    """Writes the hidden layers' neurons over the inputs and the neurons with a choice, `size` rows in all.

    Returns size, [(v, w, lo, hi)] with v a neuron's row and w the coefficients of its input, and the
    coefficients of the last hidden layer.
    """
    inputs = layers[0][0].shape[1]
    choices = sum(lo < hi for _, slopes in layers for lo, hi in slopes)
    size, previous, neurons = inputs, np.eye(inputs, inputs + choices), []
    for weight, slopes in layers:
        w = weight @ previous
        previous = np.zeros_like(w)
        for i, (lo, hi) in enumerate(slopes):
            if lo == hi:
                previous[i] = lo * w[i]
                continue
            if w[i].any():  # else |v| = 0
                neurons.append((size, w[i], lo, hi))
                previous[i, size] = 1.0
            size += 1
    return inputs + choices, neurons, previous


def svec(matrix):
    """Upper triangle by columns, off-diagonal entries times sqrt 2: <A, B> = svec(A) . svec(B)."""
    i, j = np.tril_indices(len(matrix))  # (j, i) runs over the upper triangle by columns
    return np.where(i == j, 1, np.sqrt(2)) * matrix[j, i]


def solve_scaled(layers, rows, norm, scale):
    """The optimum for objective rows / scale (one row: linear in e; several: the squared norm), and accuracy."""
    inputs = layers[0][0].shape[1]
    size, neurons, last = basis_rows(layers)
    kept = [*range(inputs), *(v for v, *_ in neurons)]  # a row that is 0 would leave no interior
    objective = np.pad((rows / scale) @ last[:, kept], ((0, 0), (1, 0)))  # P's row 0 is e

    def form(a, b):  # <(a b' + b a') / 2, P> = the inner product of two combinations of rows
        return svec((np.outer(a, b) + np.outer(b, a)) / 2)

    unit = np.eye(1 + size)[:, [0] + [1 + i for i in kept]]
    squares = [form(row, row) for row in unit[: 1 + inputs]]
    equal = squares if norm == "linf" else [squares[0], sum(squares[1:])]
    at_least_0 = []
    for v, w, lo, hi in neurons:
        w = np.concatenate([[0], w[kept]])
        at_least_0.append(-lo * hi * form(w, w) + (lo + hi) * form(unit[1 + v], w) - form(unit[1 + v], unit[1 + v]))
    vector = len(rows) > 1
    gain = svec(objective.T @ objective) if vector else form(unit[0], objective[0])

    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_iter = 500
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-13
    n = len(gain)
    a = sparse.csc_matrix(np.vstack([*equal, *(-row for row in at_least_0), -np.eye(n)]))
    b = np.concatenate([np.ones(len(equal)), np.zeros(len(at_least_0) + n)])
    cones = [clarabel.ZeroConeT(len(equal)), clarabel.NonnegativeConeT(len(at_least_0))]
    cones.append(clarabel.PSDTriangleConeT(unit.shape[1]))
    solution = clarabel.DefaultSolver(sparse.csc_matrix((n, n)), -gain, a, b, cones, settings).solve()
    primal, dual = -solution.obj_val, -solution.obj_val_dual
    accuracy = max(abs(primal - dual) / primal, solution.r_prim, solution.r_dual)
    return (np.sqrt(primal) if vector else primal) * scale, accuracy


def solve(layers, rows, norm):
    """(SDP bound, accuracy) of the objective rows; scaled so that the optimum is about 1."""
    layers, factor = normalised(layers)
    size = np.linalg.norm(rows)
    if not (rows @ basis_rows(layers)[2]).any():
        return 0.0, 0.0
    rough, _ = solve_scaled(layers, rows, norm, size)
    value, accuracy = solve_scaled(layers, rows, norm, rough)
    return value * factor, accuracy


def bound(layers, rows, norm, vector):
    if norm == "l1":
        columns = [
            solve([(layers[0][0][:, [j]], layers[0][1]), *layers[1:]], rows, "linf")
            for j in range(layers[0][0].shape[1])
        ]
        return max(columns)
    if vector and norm == "linf":
        return max(solve(layers, rows[[i]], norm) for i in range(len(rows)))
    return solve(layers, rows, norm)


# ------------------------------------------------------------------------------------- enumeration


def enumerate_fgl(layers, rows, norm, vector):
    """The largest dual norm of the gradient over all corners of the slope intervals, or None."""
    choices = [[(lo, hi) if lo < hi else (lo,) for lo, hi in slopes] for _, slopes in layers]
    flat = list(itertools.chain(*choices))
    if sum(len(c) > 1 for c in flat) > MAX_ENUMERATED:
        return None
    patterns = np.array(list(itertools.product(*flat)), ndmin=2)
    gradient = np.broadcast_to(rows, (len(patterns), *rows.shape))
    stop = len(flat)
    for weight, slopes in reversed(layers):
        start = stop - len(slopes)
        gradient = (gradient * patterns[:, None, start:stop]) @ weight
        stop = start
    if norm == "linf":
        return float(np.abs(gradient).sum(axis=2).max())
    if norm == "l1":
        return float(np.abs(gradient).max())
    return float(np.linalg.norm(gradient, 2, axis=(1, 2)).max() if vector else np.linalg.norm(gradient, axis=2).max())


# ------------------------------------------------------------------------------------------- cases


def net(seed, widths, *slopes, gains=()):
    """Random layers between the given widths; slopes: an interval, or one a neuron, for each hidden layer."""
    rng = np.random.default_rng(seed)
    layers = []
    for k, (n, m) in enumerate(zip(widths, widths[1:])):
        weight = np.round(rng.standard_normal((m, n)) * np.sqrt(2 / n), 3)
        weight = np.array([[float(f"{x * (gains[k] if gains else 1):.4g}") for x in row] for row in weight])
        hidden = slopes[k] if k < len(slopes) else None
        layers.append((weight, [hidden] * m if hidden and np.isscalar(hidden[0]) else hidden))
    return layers


def folded(seed, n, *choices):
    """One interval a neuron, drawn from choices; the first neuron keeps the first choice."""
    picks = np.random.default_rng(seed).integers(len(choices), size=n)
    return [choices[0] if i == 0 else choices[p] for i, p in enumerate(picks)]


def zeroed(layers, column=None, row=None):
    """The first weight with a column or a row set to 0."""
    weight = layers[0][0].copy()
    if column is not None:
        weight[:, column] = 0
    if row is not None:
        weight[row] = 0
    return [(weight, layers[0][1]), *layers[1:]]


def output(k):
    return {"kind": "output", "k": k, "j": 0, "row": []}


def margin(k, j):
    return {"kind": "margin", "k": k, "j": j, "row": []}


def weighted(*row):
    return {"kind": "row", "k": 0, "j": 0, "row": list(row)}


VECTOR = {"kind": "vector", "k": 0, "j": 0, "row": []}


def cases():
    """(name, layers, norm, objective)."""
    shallow = net(1, (4, 6, 3), RELU)
    relu2 = net(2, (5, 7, 6, 3), RELU, RELU)
    mixed = net(3, (3, 5, 4, 4, 2), SIGMOID, SELU, GELU)
    partly = net(4, (4, 8, 8, 2), folded(1, 8, RELU, ON, OFF), folded(2, 8, RELU, ON, OFF))
    deep = net(5, (4, 5, 5, 5, 5, 5, 3), *[RELU] * 5)
    wide = net(6, (12, 12, 12, 4), RELU, LEAKY)
    linear = net(7, (4, 3))
    prelu = net(8, (3, 6, 5, 2), [(0.1, 1), (-0.5, 1), (1, 2.5), RELU, ON, OFF], (-0.2, 0.9))
    for norm in ("linf", "l2", "l1"):
        yield f"no hidden layer {norm}", linear, norm, output(1)
        yield f"one layer relu {norm}", shallow, norm, output(0)
        yield f"one layer margin {norm}", shallow, norm, margin(2, 0)
        yield f"two layers row {norm}", relu2, norm, weighted(1, -0.5, 0.25)
        yield f"mixed activations {norm}", mixed, norm, output(1)
        yield f"on and off neurons {norm}", partly, norm, output(0)
        yield f"five layers {norm}", deep, norm, output(2)
        yield f"prelu and folded {norm}", prelu, norm, margin(0, 1)
    for norm in ("linf", "l2"):
        yield f"twelve wide {norm}", wide, norm, margin(0, 3)
        yield f"no hidden layer vector {norm}", linear, norm, VECTOR
        yield f"two layers vector {norm}", relu2, norm, VECTOR
        yield f"mixed activations vector {norm}", mixed, norm, VECTOR
        yield f"on and off neurons vector {norm}", partly, norm, VECTOR
        yield f"one input {norm}", net(9, (1, 6, 5, 1), RELU, RELU), norm, output(0)
        yield f"one hidden unit {norm}", net(10, (5, 1, 2), RELU), norm, output(1)
        yield f"chain of single units {norm}", net(11, (1, 1, 1, 1), RELU, GELU), norm, output(0)
        yield f"bottleneck {norm}", net(12, (6, 8, 2, 8, 2), RELU, RELU, RELU), norm, output(0)
    yield "vector of one output l2", net(9, (1, 6, 5, 1), RELU, RELU), "l2", VECTOR
    yield "five layers vector l2", deep, "l2", VECTOR
    yield "twelve wide vector l2", wide, "l2", VECTOR
    yield "whole layer on linf", net(13, (4, 5, 6, 2), ON, RELU), "linf", output(0)
    yield "whole layer on l2", net(13, (4, 5, 6, 2), RELU, ON), "l2", output(0)
    yield "whole layer off linf", net(14, (3, 4, 4, 2), RELU, OFF), "linf", output(0)
    yield "whole layer off vector l2", net(14, (3, 4, 4, 2), OFF, RELU), "l2", VECTOR
    yield "input without effect linf", zeroed(net(15, (5, 6, 2), RELU), column=2), "linf", output(0)
    yield "input without effect l2", zeroed(net(15, (5, 6, 2), RELU), column=2), "l2", output(0)
    yield "neuron without input linf", zeroed(net(16, (4, 6, 5, 2), RELU, LEAKY), row=3), "linf", output(1)
    yield "badly scaled linf", net(17, (4, 6, 6, 2), RELU, RELU, gains=(1e5, 1e-7, 1e3)), "linf", output(0)
    yield "badly scaled vector l2", net(18, (4, 6, 6, 2), RELU, RELU, gains=(1e-6, 1e4, 1e-5)), "l2", VECTOR


def objective_rows(last, objective):
    kind, k, j = objective["kind"], objective["k"], objective["j"]
    if kind == "vector":
        return last
    if kind == "row":
        return np.array([objective["row"]]) @ last
    return (last[k] - last[j] if kind == "margin" else last[k])[None]


def compute(layers, norm, objective):
    rows, vector = objective_rows(layers[-1][0], objective), objective["kind"] == "vector"
    inputs = layers[0][0].shape[1]
    layers = layers[:-1] or [(np.eye(inputs), [ON] * inputs)]  # no hidden layer: the identity is one
    sdp, accuracy = bound(layers, rows, norm, vector)
    return {"sdp": float(sdp), "accuracy": float(f"{accuracy:.1e}"), "fgl": enumerate_fgl(layers, rows, norm, vector)}


def check():
    """Recomputes every case of the file; returns the number of those that differ."""
    stored, bad = json.loads(OUTPUT.read_text())["cases"], 0
    for case in stored:
        layers = [(np.array(x["weight"], float), x["slopes"]) for x in case["layers"]]
        new = compute(layers, case["norm"], case["objective"])
        sdp_error = abs(new["sdp"] - case["sdp"]) / (case["sdp"] or 1)
        fgl_error = abs((new["fgl"] or 0) - (case["fgl"] or 0)) / (case["fgl"] or 1)
        ok = sdp_error <= 1e-7 and fgl_error <= 1e-12
        bad += not ok
        print(f"{'ok  ' if ok else 'FAIL'} {case['name']}: sdp differs by {sdp_error:.1e}, fgl by {fgl_error:.1e}")
    print(f"{len(stored) - bad} passed, {bad} failed")
    return bad


def write():
    result = []
    for name, layers, norm, objective in cases():
        case = {"name": name, "norm": norm, "objective": objective}
        case["layers"] = [{"weight": w.tolist(), "slopes": s} for w, s in layers]
        case |= compute(layers, norm, objective)
        print(f"{name}: sdp {case['sdp']:.12g}, accuracy {case['accuracy']}, fgl {case['fgl']}")
        result.append(case)
    lines = ",\n".join(json.dumps(case) for case in result)
    OUTPUT.write_text(f'{{"solver": "Clarabel {clarabel.__version__}", "cases": [\n{lines}\n]}}\n')
    print(f"{len(result)} cases, {OUTPUT.stat().st_size} bytes: {OUTPUT}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="recompute the file's values and compare")
    if parser.parse_args().check:
        sys.exit(check() > 0)
    write()
