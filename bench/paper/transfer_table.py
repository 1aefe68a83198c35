"""The tables of docs/norm_transfer.md, from the results alone."""

import json

import numpy as np

# Radii of the certified accuracy: those of the attacks, and a tenth of them.
CERTIFIED_EPS = {"linf": (0.1, 0.01), "l2": (1.0, 0.1)}
NORM_NAMES = {"linf": "l_inf", "l2": "l_2"}


def training_name(training):
    if training["kind"] == "plain":
        return "plain"
    what = {"pgd": "PGD", "product": "product penalty"}[training["kind"]]
    return f"{what}, {NORM_NAMES[training['norm']]}"


def shape_name(widths):
    hidden = widths[1:-1]
    middle = f"{hidden[0]}x{len(hidden)}" if len(hidden) > 1 and len(set(hidden)) == 1 else "-".join(map(str, hidden))
    return f"{widths[0]}-{middle}-{widths[-1]}"


def read(path):
    """{shape: {training: {norm: line}}}, in the order of the file."""
    result = {}
    for text in path.read_text().splitlines():
        line = json.loads(text)
        result.setdefault(shape_name(line["widths"]), {}).setdefault(training_name(line["training"]), {})[line["norm"]] = line
    return result


def mean_upper(line, which="margins"):
    return float(np.mean([result["upper"] for result in line[which]]))


def mean_of(line, key):
    return float(np.mean([result["baselines"][key] for result in line["margins"]]))


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def bounds_table(trainings):
    """Bounds of the margins in both norms, as they are and as multiples of those of the plain network."""
    plain = trainings["plain"]
    rows = []
    for name, lines in trainings.items():
        any_norm = lines["linf"]
        row = [name, f"{100 * any_norm['accuracy']:.1f}"]
        row += [f"{100 * any_norm['pgd_accuracy'][norm]['accuracy']:.1f}" for norm in ("linf", "l2")]
        for norm in ("linf", "l2"):
            bound = mean_upper(lines[norm])
            row += [f"{mean_upper(lines[norm], 'outputs'):.4g}", f"{bound:.4g}", f"{bound / mean_upper(plain[norm]):.2f}"]
        rows.append(row)
    header = ["training", "accuracy, %", "PGD l_inf, %", "PGD l_2, %"]
    for norm in ("l_inf", "l_2"):
        header += [f"{norm}: outputs", "margins", "margins / plain"]
    return table(header, rows)


def radii_table(trainings):
    """What the bounds are worth at test images: scale of the logits cancels."""
    plain = trainings["plain"]
    rows = []
    for name, lines in trainings.items():
        row = [name]
        for norm in ("linf", "l2"):
            radius = lines[norm]["median_certified_radius"]
            row += [f"{radius:.3g}", f"{radius / plain[norm]['median_certified_radius']:.2f}"]
            row += [f"{100 * lines[norm]['certified_accuracy'][f'{eps:g}']:.1f}" for eps in CERTIFIED_EPS[norm][1:]]
            row += [f"{mean_upper(lines[norm]) / mean_of(lines[norm], 'gradient'):.2f}"]
            row += [f"{mean_of(lines[norm], 'product') / mean_upper(lines[norm]):.2f}"]
        rows.append(row)
    header = ["training"]
    for norm in ("linf", "l2"):
        header += [f"{NORM_NAMES[norm]}: median radius", "/ plain"]
        header += [f"certified at {eps:g}, %" for eps in CERTIFIED_EPS[norm][1:]]
        header += ["bound / gradient", "product / bound"]
    return table(header, rows)


def tables(results):
    parts = []
    for shape, trainings in results.items():
        parts += [f"### {shape}", bounds_table(trainings), radii_table(trainings)]
    return "\n\n".join(parts)


def update(page, results):
    """Replaces what stands between the page's markers; the words around are written by people."""
    begin, end = "<!-- tables: begin -->", "<!-- tables: end -->"
    text = page.read_text()
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise ValueError(f"{page} must hold the lines {begin} and {end} once each, in this order")
    head, tail = text.split(begin)[0], text.split(end)[1]
    page.write_text(f"{head}{begin}\n\n{tables(read(results))}\n\n{end}{tail}")
