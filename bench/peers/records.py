"""Results as JSON lines: one object a run of one method on one output, and one that describes each session of runs.

    {"record": "session", "session": "...", "cpu", "cores", "memory_gib", "system", "python", "packages": {...}, ...}
    {"record": "result", "session": "...", "network", "widths", "norm", "output", "method", "relaxation",
     "trust", "status": "ok" | "timeout" | "memory" | "failed" | "invalid" | "not applicable" | "not tried", "message", "value",
     "wall_s", "cpu_s", "method_wall_s", "method_cpu_s", "peak_mib", "limit_cpu_s", "limit_memory_mib", "details": {...}}

`output` is an index, or for GeoLIP "all" or "sharp" (plan.py). wall_s, cpu_s and peak_mib are the whole process's; what
begins with method_ leaves out Python's start. GeoLIP's lines have its lower, relaxation and upper in `details`, by output.
"""

import dataclasses
import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import subprocess

PACKAGES = ("numpy", "scipy", "onnx", "cvxpy", "clarabel", "scs", "highspy", "torch", "eclipse-nn")
DEBIAN_PACKAGES = ("coinor-csdp", "dsdp", "libopenblas0-pthread")
KEY = ("network", "norm", "output", "method")


def installed_version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def debian_version(package):
    try:
        command = ["dpkg-query", "-W", "-f=${Version}", package]
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def session(geolip_version, settings, methods):
    now = datetime.datetime.now(datetime.timezone.utc)
    return {
        "record": "session",
        "session": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "cpu": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load_at_start": os.getloadavg()[0],
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "packages": {name: installed_version(name) for name in PACKAGES}
        | {name: debian_version(name) for name in DEBIAN_PACKAGES},
        "geolip": geolip_version,
        "settings": settings,
        "methods": {name: dataclasses.asdict(method) for name, method in methods.items()},
    }


def key(record):
    return tuple(record[name] for name in KEY)


def read(path):
    """All records of a file; a last line that was cut off is left out."""
    result = []
    if path.exists():
        for line in path.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                result.append(json.loads(line))
    return result


class Writer:
    def __init__(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = read(path)
        self.done = {key(r): r for r in kept if r["record"] == "result"}
        if kept and not path.read_bytes().endswith(b"\n"):  # cut off in the middle of a line
            path.write_text("".join(json.dumps(r) + "\n" for r in kept))
        self.file = path.open("a")

    def append(self, record):
        self.file.write(json.dumps(record) + "\n")
        self.file.flush()
        if record["record"] == "result":
            self.done[key(record)] = record

    def close(self):
        self.file.close()
