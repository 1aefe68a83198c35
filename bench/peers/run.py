#!/usr/bin/env python3
"""Runs the comparison with other methods and appends every result to a file of JSON lines; ./dev bench-paper calls it.

    run.py paper --networks build/paper/networks --images FOLDER    # the GeoLIP paper's networks
    run.py peers --networks build/peers/networks                    # deep random networks, made where they are missing

Each method runs on each output in a process of its own, with a limit on time and memory. What the file already has is
not run again: delete it to start anew. A cell (network, norm, method) gets `--budget` seconds for its outputs, and is given
up after a run that reached a limit.
"""

import argparse
import collections
import functools
import json
import os
import pathlib
import signal
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent)]

import isolate  # noqa: E402
import methods  # noqa: E402
import plan  # noqa: E402
import records  # noqa: E402

WORKER = HERE / "worker.py"
FOLDERS = {"paper": "build/paper/networks", "peers": "build/peers/networks"}
GIVEN_UP = ("timeout", "memory", "invalid", "not applicable", "not tried")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", choices=FOLDERS)
    parser.add_argument("--networks", type=pathlib.Path, help="folder of the networks (default: build/TABLE/networks)")
    parser.add_argument("--only", action="append", help="this network only; may be given several times")
    parser.add_argument("--methods", help="these methods only, separated by commas")
    parser.add_argument("--images", type=pathlib.Path, default=os.environ.get("GEOLIP_MNIST"),
                        help="folder with MNIST's gzipped files, for gradients at test images (default: $GEOLIP_MNIST)")
    parser.add_argument("--geolip", type=pathlib.Path, default=ROOT / "build/release/src/cli/geolip")
    parser.add_argument("--out", type=pathlib.Path, help="JSON lines (default: bench/results/TABLE/methods.jsonl)")
    parser.add_argument("--limit", type=int, default=60, help="CPU seconds of one run, all threads together")
    parser.add_argument("--budget", type=float, default=30, help="CPU seconds of a cell: no output is begun after them")
    parser.add_argument("--memory", type=int, default=6144, help="MiB of one run")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no run after this many minutes")
    arguments = parser.parse_args()
    if arguments.networks is None:
        arguments.networks = ROOT / FOLDERS[arguments.table]
    if arguments.out is None:
        arguments.out = ROOT / "bench/results" / arguments.table / "methods.jsonl"
    return arguments


def outcome_of_limits(measured):
    """What a run that was ended from outside is called, or None."""
    if measured.timed_out:
        return "timeout", "reached the limit of time"
    text = measured.stderr.lower()
    if "bad_alloc" in text or "memory allocation" in text or "out of memory" in text:
        return "memory", "reached the limit of memory"
    return None


def worker_outcome(measured):
    lines = measured.stdout.strip().splitlines()
    ended = outcome_of_limits(measured)
    if measured.returncode == 0 and lines:
        return json.loads(lines[-1])
    if ended:
        return {"status": ended[0], "value": None, "message": ended[1], "details": {}}
    last = (measured.stderr.strip().splitlines() or ["no message"])[-1][:300]
    return {"status": "failed", "value": None, "message": f"exit status {measured.returncode}: {last}", "details": {}}


def geolip_outcome(measured):
    """Exit status 0: all certified; 4: a limit ended the run, but the bounds are valid."""
    if measured.returncode not in (0, 4):
        return worker_outcome(measured) | {"status": "timeout" if measured.timed_out else "failed"}
    results = json.loads(measured.stdout)["results"]
    details = {
        "bounds": {str(r["output"]): {k: r[k] for k in ("lower", "relaxation", "upper", "status")} for r in results},
        "iterations": [r["iterations"] for r in results],
        "seconds": sum(r["seconds"]["total"] for r in results) / len(results),
    }
    proved = all(r["status"] == "verified" for r in results)
    return {
        "status": "ok",
        "value": sum(r["upper"] for r in results) / len(results),
        "message": "" if proved else "not all bounds are verified: " + ", ".join(sorted({r["status"] for r in results})),
        "details": details,
        "proved": proved,
    }


def command(run, arguments):
    if run.method == "geolip":
        outputs = "all" if run.output in plan.BATCHES else str(run.output)
        return [str(arguments.geolip), "estimate", run.path, "--norm", run.norm, "--outputs", outputs, "--json", "-",
                "--quiet", "--verify", "on", "--threads", str(arguments.threads), *plan.BATCHES.get(run.output, ())]
    return [sys.executable, str(WORKER)]


NOTHING = isolate.Measured(0, False, "", "", 0.0, 0.0, 0.0)


def not_tried(run, method, widths, limits, before):
    outcome = {"status": "not tried", "value": None, "message": f"{before['status']} on {before['title']}", "details": {}}
    return line(run, method, widths, limits, NOTHING, outcome)


def perform(run, method, widths, arguments, limits):
    job = {"network": run.path, "norm": run.norm, "output": run.output, "method": run.method,
           "budget_s": arguments.limit, "images": arguments.images and str(arguments.images)}
    measured = isolate.run(command(run, arguments), limits, "" if run.method == "geolip" else json.dumps(job))
    outcome = (geolip_outcome if run.method == "geolip" else worker_outcome)(measured)
    return line(run, method, widths, limits, measured, outcome)


def line(run, method, widths, limits, measured, outcome):
    trust = method.trust if outcome.pop("proved", True) else "rounding"
    return {
        "record": "result",
        "network": run.network,
        "title": run.title,
        "widths": widths,
        "norm": run.norm,
        "output": run.output,
        "method": run.method,
        "relaxation": method.relaxation,
        "trust": trust,
        **outcome,
        "wall_s": round(measured.wall_s, 4),
        "cpu_s": round(measured.cpu_s, 4),
        "peak_mib": round(measured.peak_mib, 1),
        "limit_cpu_s": limits.cpu_s,
        "limit_memory_mib": limits.memory_mib,
    }


def in_python(code, *arguments):
    """What `code` prints, in a process of its own: this one imports no NumPy and stays small (isolate.py says why)."""
    lines = f"import json, sys; sys.path[:0] = {sys.path[:2]!r}; {code}"
    measured = isolate.run([sys.executable, "-c", lines, *arguments], isolate.Limits(120, 4096, 1))
    if measured.returncode != 0:
        sys.exit(f"run.py: {measured.stderr.strip().splitlines()[-1]}")
    return measured.stdout


def descriptions():
    code = "import dataclasses, methods; "
    code += "print(json.dumps({k: dataclasses.asdict(m) for k, m in methods.descriptions().items()}))"
    return {name: methods.Method(**fields) for name, fields in json.loads(in_python(code)).items()}


@functools.cache
def widths_of(path):
    code = "import networks; w = networks.read(sys.argv[1])[0]; print([w[0].shape[1], *map(len, w)])"
    return json.loads(in_python(code, path))


def make_random_networks(runs):
    for path, title in sorted({(run.path, run.title) for run in runs if not pathlib.Path(run.path).exists()}):
        code = "import networks, pathlib; networks.write_npz(pathlib.Path(sys.argv[1]), "
        code += "networks.random_layers(int(sys.argv[2]), int(sys.argv[3])))"
        in_python(code, path, *title.split("x"))


def no_larger(small, large):
    """By widths: not deeper, and with no more inputs or neurons, in all and in the widest layer."""
    sizes = [(len(widths), widths[0], sum(widths[1:-1]), max(widths[1:-1])) for widths in (small, large)]
    return all(a <= b for a, b in zip(*sizes))


class Budgets:
    """What each cell has spent, which cells are given up, and where a method has reached its limits."""

    def __init__(self, budget, records_so_far):
        self.budget = budget
        self.spent = collections.Counter()
        self.given_up = set()
        self.limits = []
        for record in records_so_far:
            self.note(record)

    def note(self, record):
        cell = record["network"], record["norm"], record["method"]
        self.spent[cell] += record["cpu_s"]
        if record["status"] in GIVEN_UP:
            self.given_up.add(cell)
        if record["status"] in ("timeout", "memory"):
            self.limits.append(record)

    def reached_before(self, run, widths):
        """The record of a network no larger than this one on which the method has reached a limit, or None."""
        for record in self.limits:
            if (record["norm"], record["method"]) == (run.norm, run.method) and no_larger(record["widths"], widths):
                return record
        return None

    def allow(self, run):
        cell = run.network, run.norm, run.method
        return cell not in self.given_up and (run.method == "geolip" or self.spent[cell] < self.budget)


def planned(arguments, known):
    """The runs of which the networks are there."""
    runs = list(getattr(plan, f"{arguments.table}_runs")(arguments.networks, known, arguments.only))
    if arguments.table == "peers":
        make_random_networks(runs)
    missing = sorted({run.path for run in runs if not pathlib.Path(run.path).exists()})
    for path in missing:
        print(f"run.py: {path} is missing and left out", file=sys.stderr)
    wanted = arguments.methods.split(",") if arguments.methods else [*known]
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        sys.exit(f"run.py: '{unknown[0]}' is no method, or its package is not installed")
    return [run for run in runs if run.path not in missing and run.method in wanted]


def report(progress, run, record):
    value = record["status"] if record["value"] is None else f"{record['value']:.7g}"
    print(f"{progress} {run.title} {run.norm} output {run.output} {run.method}: {value} "
          f"({record['cpu_s']:.1f} s CPU, {record['peak_mib']:.0f} MiB) {record['message']}", flush=True)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("run.py: ended"))  # the run in progress ends with it
    arguments = parse()
    if not arguments.geolip.exists():
        sys.exit(f"run.py: there is no {arguments.geolip}; build it with ./dev build --target geolip_cli")
    known = descriptions()
    runs = planned(arguments, known)
    limits = isolate.Limits(arguments.limit, arguments.memory, arguments.threads)
    version = isolate.run([str(arguments.geolip), "--version"], limits).stdout.split()[-1]
    settings = {k: getattr(arguments, k) for k in ("limit", "budget", "memory", "threads")}
    session = records.session(version, settings | {"images": arguments.images is not None}, known)
    writer = records.Writer(arguments.out)
    budgets = Budgets(arguments.budget, writer.done.values())
    begin, begun = time.monotonic(), False
    for number, run in enumerate(runs, start=1):
        if (run.network, run.norm, run.output, run.method) in writer.done or not budgets.allow(run):
            continue
        if time.monotonic() - begin > 60 * arguments.minutes:
            print("run.py: the time is up; the next run goes on here", file=sys.stderr)
            break
        if not begun:
            writer.append(session)
            begun = True
        widths, before = widths_of(run.path), budgets.reached_before(run, widths_of(run.path))
        if before:
            record = not_tried(run, known[run.method], widths, limits, before)
        else:
            record = perform(run, known[run.method], widths, arguments, limits)
        record |= {"session": session["session"]}
        writer.append(record)
        budgets.note(record)
        report(f"{number}/{len(runs)}", run, record)
    writer.close()


if __name__ == "__main__":
    main()
