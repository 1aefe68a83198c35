#!/usr/bin/env python3
"""How much work `geolip estimate` has as networks get wider and deeper: random ReLU networks, one output.

    build/bench-venv/bin/python bench/paper/scaling.py

Weights are normal, of He's size: training changes the bound, not the work of a sweep. Measured in CPU seconds of one thread,
which other programs on the machine hardly change; the least of some runs. `geolip info` on the same file tells what the
start of the program and the reading of the file take. Writes bench/results/paper/scaling.jsonl, one line a network and norm.
"""

import argparse
import pathlib
import resource
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import geolip_command  # noqa: E402
import jsonl  # noqa: E402
from networks import shape_name  # noqa: E402
from training import adam  # noqa: E402
from training.onnx_file import write_onnx  # noqa: E402

import numpy as np  # noqa: E402

ROOT = geolip_command.ROOT
INPUTS, OUTPUTS, SEED = 784, 10, 0
SERIES = {
    "two layers": [[width] for width in (64, 128, 256, 512, 1024, 2048)],
    "four layers": [[width] * 3 for width in (64, 128, 256, 512, 1024)],
    "64 wide": [[64] * depth for depth in (1, 2, 4, 8, 16, 32, 64)],
}


def make_network(hidden, folder):
    path = folder / f"random_{shape_name(hidden)}.onnx"
    rng = np.random.default_rng([SEED, *hidden])
    widths = [INPUTS, *hidden, OUTPUTS]
    parameters = [p for n, m in zip(widths, widths[1:]) for p in adam.he_normal(rng, n, m)]
    write_onnx(path, path.stem, parameters, {"seed": str(SEED)}, "geolip bench/paper/scaling.py")
    return path


def cpu_seconds(call):
    """CPU seconds of the processes that call() starts and waits for, and what it returns."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = call()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, result


def measure(geolip, path, norm, repeats):
    """The least CPU seconds of an estimate and of a start, and the report."""
    options = ["--norm", norm, "--outputs", 0, "--verify", "on", "--threads", 1]
    runs = [cpu_seconds(lambda: geolip_command.estimate(geolip, path, *options)) for _ in range(repeats)]
    start = min(cpu_seconds(lambda: geolip_command.information(geolip, path))[0] for _ in range(repeats))
    cpu, report = min(runs, key=lambda run: run[0])
    return cpu, start, report


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build/paper/scaling", help="where networks go")
    parser.add_argument("--geolip", type=pathlib.Path, default=geolip_command.DEFAULT, help="the command")
    parser.add_argument("--results", type=pathlib.Path, default=ROOT / "bench/results/paper/scaling.jsonl")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--largest", type=int, default=10**9, help="leave out networks with more hidden neurons")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for series, shapes in SERIES.items():
        for hidden in shapes:
            if sum(hidden) > arguments.largest:
                continue
            path = make_network(hidden, arguments.folder)
            for norm in ("linf", "l2"):
                cpu, start, report = measure(arguments.geolip, path, norm, arguments.repeats)
                (result,) = report["results"]
                lines.append(
                    {
                        "record": "scaling",
                        "series": series,
                        "network": path.stem,
                        "widths": [INPUTS, *hidden, OUTPUTS],
                        "norm": norm,
                        "output": 0,
                        "method": "geolip",
                        "status": result["status"],
                        "upper": result["upper"],
                        "cpu_s": cpu,
                        "start_cpu_s": start,
                        "repeats": arguments.repeats,
                        "geolip": report["version"],
                        "environment": geolip_command.environment(),
                    }
                )
                print(f"{path.stem} {norm}: {cpu:.2f} s, of which start {start:.2f} s, {result['status']}", flush=True)
    jsonl.write(arguments.results, lines)


if __name__ == "__main__":
    main()
