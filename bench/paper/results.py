"""What the plots show, out of the results' lines (bench/peers/records.py, norm_transfer.py, sandwich.py, scaling.py)."""

import collections
import dataclasses
import statistics
from math import exp, log

import jsonl

GEOLIP = "geolip"
LOWER = "geolip_lower"  # made of GeoLIP's own lines: the lower bound beside the upper one

# What these solve is never below the natural SDP, as bench/peers/methods says. A value that is, by more than a solver's
# tolerance, is not the bound that it claims to be: the tables mark it, and the plots leave it out.
ABOVE_THE_SDP = ("natural", "layer", "chain", "product")
SOLVER_TOLERANCE = 1e-6


@dataclasses.dataclass(frozen=True)
class Cell:
    """One method on one network in one norm, averaged over the outputs."""

    network: str
    widths: tuple
    norm: str
    method: str
    value: float
    seconds: float  # CPU seconds, median over the outputs
    outputs: int  # how many of them were run with success
    complete: bool  # on all outputs that GeoLIP was run on

    @property
    def hidden(self):
        return self.widths[1:-1]

    @property
    def neurons(self):
        return sum(self.hidden)


def read_lines(paths):
    """The lines of all files by kind: {"result": [...], "transfer": [...], ...}."""
    lines = collections.defaultdict(list)
    for path in paths:
        for number, line in enumerate(jsonl.read(path), start=1):
            if not isinstance(line, dict) or "record" not in line:
                raise ValueError(f"{path}, line {number}, has no 'record' that says what it is")
            lines[line["record"]].append(line)
    return lines


def seconds(line):
    """CPU seconds, as the tables compare them: GeoLIP's of its whole process, others' without Python's start and imports."""
    return line["cpu_s"] if line["method"] == GEOLIP else line["method_cpu_s"]


def outputs_of(lines):
    """{(network, norm, method): {output: line}} of the runs on single outputs that gave a value."""
    result = collections.defaultdict(dict)
    for line in lines:
        if line["status"] == "ok" and isinstance(line["output"], int):
            result[line["network"], line["norm"], line["method"]][line["output"]] = line
    return result


def with_lower_bounds(by_output):
    """The same, and GeoLIP's lower bounds as a method of their own."""
    result = dict(by_output)
    for (network, norm, method), lines in by_output.items():
        if method == GEOLIP:
            result[network, norm, LOWER] = {
                k: {**line, "method": GEOLIP, "value": line["details"]["bounds"][str(k)]["lower"]}
                for k, line in lines.items()
            }
    return result


def is_bound(line, ours):
    """Whether the value is not below what GeoLIP's ascent attains on the same output."""
    attained = ours["details"]["bounds"][str(ours["output"])]["relaxation"]
    return line["relaxation"] not in ABOVE_THE_SDP or line["value"] >= attained * (1 - SOLVER_TOLERANCE)


def cells(lines):
    """Averages over the outputs. A method that was run on some outputs only is compared with GeoLIP on the same ones, and
    its average is GeoLIP's over all outputs times the ratio of the two sums."""
    by_output = with_lower_bounds(outputs_of(lines))
    result = []
    for (network, norm, method), runs in by_output.items():
        ours = by_output.get((network, norm, GEOLIP))
        if ours is None:
            continue
        common = sorted(k for k in set(runs) & set(ours) if method in (GEOLIP, LOWER) or is_bound(runs[k], ours[k]))
        if not common:
            continue
        ratio = sum(runs[k]["value"] for k in common) / sum(ours[k]["value"] for k in common)
        mean = statistics.fmean(line["value"] for line in ours.values())
        result.append(
            Cell(
                network=network,
                widths=tuple(next(iter(runs.values()))["widths"]),
                norm=norm,
                method=method,
                value=ratio * mean,
                seconds=statistics.median(seconds(runs[k]) for k in common),
                outputs=len(common),
                complete=len(common) == len(ours),
            )
        )
    return result


def limits_reached(lines):
    """{(network, norm, method): line} of the first run that a limit on time or memory ended, where no run gave a value."""
    answered = outputs_of(lines)
    result = {}
    for line in lines:
        cell = line["network"], line["norm"], line["method"]
        if line["status"] in ("timeout", "memory") and cell not in answered:
            result.setdefault(cell, line)
    return result


def power_law(points):
    """(factor, exponent) of the least-squares line through log y over log x; None if there are fewer than three points."""
    if len(points) < 3:
        return None
    x, y = zip(*points)
    fit = statistics.linear_regression([log(v) for v in x], [log(v) for v in y])
    return exp(fit.intercept), fit.slope
