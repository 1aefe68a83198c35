"""Runs the geolip command."""

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


def run(command, accepted):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode not in accepted:
        said = done.stderr.strip()
        raise RuntimeError(f"{' '.join(map(str, command))} ended with exit code {done.returncode}: {said}")
    return done.stdout


def estimate(geolip, network, *options):
    """The report of `geolip estimate NETWORK OPTIONS`. Bounds of a run that met its limit (exit code 4) are valid too."""
    return json.loads(run([geolip, "estimate", network, "--json", "-", "--quiet", *options], accepted=(0, 4)))


def information(geolip, network):
    """What `geolip info NETWORK` prints."""
    return run([geolip, "info", network], accepted=(0,))
