"""The tables of docs/norm_transfer.md, from the results alone."""

import pages

import numpy as np

# Radii of the certified accuracy: those of the attacks in networks.py, and a tenth of them.
CERTIFIED_EPS = {"linf": (0.01, 0.1), "l2": (0.1, 1.0)}
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


def grouped(lines):
    """{shape: {training: {norm: line}}}, in the order of the lines."""
    result = {}
    for line in lines:
        result.setdefault(shape_name(line["widths"]), {}).setdefault(training_name(line["training"]), {})[
            line["norm"]
        ] = line
    return result


def mean_upper(line, which="margins"):
    return float(np.mean([result["upper"] for result in line[which]]))


def mean_of(line, key):
    return float(np.mean([result["baselines"][key] for result in line["margins"]]))


def bounds_table(trainings):
    """Accuracies, and bounds in both norms: as they are, and those of the margins as multiples of the plain network's."""
    plain = trainings["plain"]
    rows = []
    for name, lines in trainings.items():
        any_norm = lines["linf"]
        row = [name, f"{100 * any_norm['accuracy']:.1f}"]
        row += [f"{100 * any_norm['pgd_accuracy'][norm]['accuracy']:.1f}" for norm in ("linf", "l2")]
        for norm in ("linf", "l2"):
            bound = mean_upper(lines[norm])
            row += [
                f"{mean_upper(lines[norm], 'outputs'):.4g}",
                f"{bound:.4g}",
                f"{bound / mean_upper(plain[norm]):.2f}",
            ]
        rows.append([*row, f"{mean_upper(lines['linf']) / mean_upper(lines['l2']):.1f}"])
    header = ["training", "accuracy, %", "PGD l_inf, %", "PGD l_2, %"]
    for norm in ("l_inf", "l_2"):
        header += [f"{norm}: outputs", "margins", "margins / plain"]
    return pages.table([*header, "l_inf / l_2"], rows)


def radii_table(trainings):
    """What the bounds are worth at test images, where the scale of the logits cancels, and how tight they are."""
    rows = []
    for name, lines in trainings.items():
        row = [name]
        for norm in ("linf", "l2"):
            row.append(f"{lines[norm]['median_certified_radius']:.3g}")
            row += [f"{100 * share:.1f}" for share in lines[norm]["certified_accuracy"].values()]
        for norm in ("linf", "l2"):
            row.append(f"{mean_upper(lines[norm]) / mean_of(lines[norm], 'gradient'):.2f}")
            row.append(f"{mean_of(lines[norm], 'product') / mean_upper(lines[norm]):.4g}")
        rows.append(row)
    header = ["training"]
    for norm in ("linf", "l2"):
        header.append(f"{NORM_NAMES[norm]}: median radius")
        header += [f"at {eps}, %" for eps in trainings["plain"][norm]["certified_accuracy"]]
    for norm in ("linf", "l2"):
        header += [f"{NORM_NAMES[norm]}: bound / gradient", "product / bound"]
    return pages.table(header, rows)


def tables(results):
    parts = []
    for shape, trainings in results.items():
        parts += [f"### {shape}", bounds_table(trainings), radii_table(trainings)]
    return "\n\n".join(parts)
