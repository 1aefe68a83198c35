"""Runs the geolip command and returns its JSON report."""

import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEFAULT = ROOT / "build/release/src/cli/geolip"


def cpu_name():
    with open("/proc/cpuinfo") as info:
        return next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), "unknown")


def environment():
    """The machine, under the names that the C++ benches use."""
    return {"cpu": cpu_name(), "cores": os.cpu_count(), "load_at_start": os.getloadavg()[0]}


def estimate(geolip, network, *options):
    """The report of `geolip estimate NETWORK OPTIONS`. Bounds of a run that met its limit (exit code 4) are valid too."""
    command = [str(geolip), "estimate", str(network), "--json", "-", "--quiet", *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 4):
        raise RuntimeError(f"{' '.join(command)} ended with exit code {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)
