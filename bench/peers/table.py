#!/usr/bin/env python3
"""Writes the tables of docs/comparison.md from the JSON lines in bench/results, and from nothing else.

    table.py             # replaces what stands between the markers of docs/comparison.md
    table.py --check     # exits 1 if the document is not what the results give
    table.py paper FILE  # prints the tables of this file
"""

import argparse
import collections
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from methods import RELAXATIONS, TRUST  # noqa: E402
from results import SOLVER_TOLERANCE, Results  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/comparison.md"
SOURCES = {name: ROOT / "bench/results" / name / "methods.jsonl" for name in ("paper", "peers")}

NORM_TITLES = {"linf": "l_inf", "l2": "l_2"}
STATUS_WORDS = {"timeout": "time", "memory": "memory", "failed": "failed", "invalid": "invalid", "not applicable": "-",
                "not tried": "(limit)"}
NEAR, BELOW = "†", "‡"  # below the optimum by no more than the solver's tolerance, and by more


def short_exponent(text):
    return re.sub(r"e([+-])0*(\d)", r"e\1\2", text)


def number(x, digits=4):
    """To so many digits, without an exponent where that is readable."""
    if x == 0 or 1e-3 <= abs(x) < 1e6:
        return f"{float(f'{x:.{digits}g}'):.10g}"
    return short_exponent(f"{x:.{digits - 1}e}")


def relative(ratio):
    """A ratio to our bound: as a difference where it is small."""
    if abs(ratio - 1) < 1e-2:
        return short_exponent(f"{ratio - 1:+.0e}")
    return f"{ratio:.3f}x" if ratio < 10 else f"{number(ratio, 3)}x"


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def markdown(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


class Tables:
    def __init__(self, path):
        self.results = Results(path)
        self.described = self.results.descriptions()

    def title(self, method):
        return self.described.get(method, {}).get("title", method)

    def values(self, network, norm, method):
        return {k: r for k, r in self.results.cell(network, norm, method).items() if r["value"] is not None}

    def outputs(self, network, norm):
        return len(self.results.cell(network, norm, "geolip"))

    def failure(self, network, norm, method):
        statuses = [r["status"] for r in self.results.cell(network, norm, method).values()]
        if not statuses:
            return ""
        return STATUS_WORDS[collections.Counter(statuses).most_common(1)[0][0]]

    def mark(self, record_list):
        worst = max((self.results.shortfall(r) for r in record_list), default=0.0)
        return "" if worst == 0 else NEAR if worst <= SOLVER_TOLERANCE else BELOW

    def count(self, network, norm, found):
        total = self.outputs(network, norm)
        return f" ({len(found)} of {total})" if len(found) < total else ""

    # ---- cells

    def bound_cell(self, network, norm, method):
        found = self.values(network, norm, method)
        if not found:
            return self.failure(network, norm, method)
        text = number(mean(r["value"] for r in found.values()), 6)
        return text + self.count(network, norm, found) + self.mark(found.values())

    def ratio_cell(self, network, norm, method):
        found = self.values(network, norm, method)
        ratios = []
        for k, r in found.items():
            ours = self.results.ours(network, norm, k)
            if ours:
                ratios.append(r["value"] / ours.upper)
        if not ratios:
            return self.failure(network, norm, method)
        return relative(mean(ratios)) + self.mark(found.values())

    def seconds(self, record):
        """CPU seconds of the method alone; ours, and whatever was ended, with the process's start."""
        if record["method"] == "geolip" or record["status"] in ("timeout", "memory"):
            return record["cpu_s"]
        return record.get("method_cpu_s", record["cpu_s"])

    def time_cell(self, network, norm, method):
        runs = self.results.cell(network, norm, method)
        runs = {k: r for k, r in runs.items() if r["status"] not in ("not tried", "not applicable")}
        if not runs:
            return ""
        ours = self.results.cell(network, norm, "geolip")
        seconds = mean(self.seconds(r) for r in runs.values())
        more = ">" if any(r["status"] in ("timeout", "memory") for r in runs.values()) else ""
        text = more + number(seconds, 2)
        same = [self.seconds(ours[k]) for k in runs if k in ours]
        return text if method == "geolip" or not same else f"{text} ({more}{number(seconds / mean(same), 2)}x)"

    def memory_cell(self, network, norm, method):
        runs = {k: r for k, r in self.results.cell(network, norm, method).items() if r["status"] != "not tried"}
        return f"{max(r['peak_mib'] for r in runs.values()):.0f}" if runs else ""

    # ---- tables

    def grid(self, norm, cell, extra=(), without=()):
        networks = self.results.networks()
        names = [name for name in self.results.methods(norm) if name not in without]
        head = ["network", *(title for title, _ in extra), *map(self.title, names)]
        rows = [[self.results.titles[n], *(f(n, norm) for _, f in extra), *(cell(n, norm, m) for m in names)]
                for n in networks]
        return markdown(head, rows)

    def our_lower(self, network, norm):
        found = [self.results.ours(network, norm, k) for k in self.results.cell(network, norm, "geolip")]
        return number(mean(o.lower for o in found if o), 6) if any(found) else ""

    def our_ratio(self, network, norm):
        found = [self.results.ours(network, norm, k) for k in self.results.cell(network, norm, "geolip")]
        return relative(mean(o.lower / o.upper for o in found if o)) if any(found) else ""

    def our_batch(self, network, norm):
        record = self.results.cells.get((network, norm, "geolip"), {}).get("all")
        return number(record["cpu_s"], 2) if record else ""

    def methods_table(self):
        rows = []
        for name, m in self.described.items():
            note = f"{TRUST[m['trust']]}{'; ' + m['note'] if m['note'] else ''}"
            rows.append([m["title"], m["source"], RELAXATIONS[m["relaxation"]], note])
        return markdown(["method", "source", "what it solves", "what its value is worth"], rows)

    def statuses(self):
        counts = collections.Counter()
        for (_, norm, method), cell in self.results.cells.items():
            for r in cell.values():
                if r["status"] not in ("ok", "not applicable", "not tried"):
                    text = re.sub(r"\d[\d.e+]*", "N", r["message"]).replace("|", "/")
                    counts[self.title(method), NORM_TITLES[norm], r["status"], text] += 1
        rows = [[*key, str(count)] for key, count in sorted(counts.items())]
        return markdown(["method", "norm", "status", "message", "runs"], rows) if rows else "None."

    def invalid(self):
        rows = []
        by_cell = collections.defaultdict(list)
        for record, shortfall in self.results.invalid():
            by_cell[record["method"], record["norm"], record["network"]].append((shortfall, record))
        for (method, norm, network), found in by_cell.items():
            worst, record = max(found, key=lambda pair: pair[0])
            ours = self.results.yardstick(network, norm, record["output"])
            limit = ours.lower if record["relaxation"] in ("exact", "lp") else ours.relaxation
            rows.append([self.title(method), NORM_TITLES[norm], self.results.titles[network], str(len(found)),
                         short_exponent(f"{worst:.0e}"), f"{record['value']:.10g}", f"{limit:.10g}",
                         NEAR if worst <= SOLVER_TOLERANCE else BELOW])
        head = ["method", "norm", "network", "outputs", "worst, relative", "its value", "attained", ""]
        return markdown(head, rows) if rows else "None."

    def fallbacks(self):
        runs = [r for key, cell in self.results.cells.items() if key[2] == "eclipse" for r in cell.values()]
        solved = [r for r in runs if r["status"] == "ok"]
        fell = [r for r in solved if r["message"].startswith("fell back")]
        return f"ECLipsE fell back on ECLipsE-Fast in {len(fell)} of the {len(solved)} runs that ended." if runs else ""

    def largest_excess(self):
        worst = self.results.worst_excess()
        if worst is None:
            return ""
        excess, r = worst
        return (f"Largest (GeoLIP's verified upper bound - value) / value over all values of the natural SDP that are not "
                f"refuted: {excess:.1e} ({self.title(r['method'])}, {self.results.titles[r['network']]}, "
                f"{NORM_TITLES[r['norm']]}, output {r['output']}).")

    def environment(self):
        lines = []
        for s in self.results.sessions[-1:]:
            packages = ", ".join(f"{k} {v}" for k, v in s["packages"].items() if v)
            settings = s["settings"]
            lines.append(
                f"{s['cpu']}, {s['cores']} cores, {s['memory_gib']} GiB; GeoLIP {s['geolip']}; {packages}. Sessions: "
                + ", ".join(f"{t['session']} (load {t['load_at_start']:.1f})" for t in self.results.sessions)
                + f". A run may take {settings['limit']} CPU seconds and {settings['memory']} MiB, with "
                f"{settings['threads']} threads; a cell begins no output after {settings['budget']:g} CPU seconds.")
        return "\n".join(lines)

    def common_end(self):
        return [self.largest_excess(), self.fallbacks(), "**Values below what they are said to bound**", self.invalid(),
                "**Runs without a value**", self.statuses(), "**Environment.** " + self.environment()]

    def paper(self):
        parts = [self.methods_table()]
        for norm in self.results.norms():
            name = NORM_TITLES[norm]
            lower = ("GeoLIP lower", self.our_lower)
            batch = ("GeoLIP, all ten in one run", self.our_batch)
            ratio = ("GeoLIP lower", self.our_ratio)
            parts += [f"**Value / GeoLIP's verified upper bound, {name}**: average over the same outputs; below 1%, the "
                      "relative difference", self.grid(norm, self.ratio_cell, [ratio], without=["geolip"]),
                      f"**Bounds, {name}**: average over the outputs", self.grid(norm, self.bound_cell, [lower]),
                      f"**CPU seconds an output, {name}** (and how many times GeoLIP's)",
                      self.grid(norm, self.time_cell, [batch]),
                      f"**Peak memory, {name}**: MiB, largest of the runs", self.grid(norm, self.memory_cell)]
        return "\n\n".join(part for part in parts + self.common_end() if part)

    def peers(self):
        names = [m for m in self.results.methods("l2") if m != "geolip"]
        head = ["network", "GeoLIP", "CPU s", "MiB", *(x for m in names for x in (self.title(m), "CPU s", "MiB"))]
        rows = []
        for network in self.results.networks():
            row = [self.results.titles[network], self.bound_cell(network, "l2", "geolip"), self.time_cell(network, "l2", "geolip"),
                   self.memory_cell(network, "l2", "geolip")]
            for m in names:
                row += [self.ratio_cell(network, "l2", m), self.time_cell(network, "l2", m),
                        self.memory_cell(network, "l2", m)]
            rows.append(row)
        parts = ["Columns of methods: value / GeoLIP's verified upper bound.", markdown(head, rows), *self.common_end()]
        return "\n\n".join(part for part in parts if part)


def filled(text, sources=None):
    """The document with the tables between its markers."""
    for name, path in (sources or SOURCES).items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        head, found, rest = text.partition(begin)
        if not found or end not in rest:
            raise ValueError(f"there are no markers '{begin}' and '{end}'")
        tail = rest.partition(end)[2]
        body = getattr(Tables(path), name)() if path.exists() else "Not run yet."
        text = f"{head}{begin}\n\n{body}\n\n{end}{tail}"
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("table", nargs="?", choices=SOURCES)
    parser.add_argument("file", nargs="?", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.table:
        print(getattr(Tables(arguments.file or SOURCES[arguments.table]), arguments.table)())
        return
    old = DOCUMENT.read_text()
    new = filled(old)
    if arguments.check and new != old:
        sys.exit("table.py: docs/comparison.md is not what bench/results give; run bench/peers/table.py")
    if not arguments.check:
        DOCUMENT.write_text(new)


if __name__ == "__main__":
    main()
