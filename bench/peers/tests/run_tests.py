#!/usr/bin/env python3
"""Runs the tests of bench/peers; exits 77, which CTest calls skipped, where a package is missing.

    run_tests.py --geolip build/release/src/cli/geolip

Uses the virtual environment that ./dev bench-peers makes, if it is there. GEOLIP_REQUIRE_PEERS=1 makes a skip a failure.
"""

import argparse
import importlib.util
import os
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PYTHON = ROOT / "build/bench-venv/bin/python"
NEEDED = ("numpy", "scipy", "onnx", "clarabel", "scs", "highspy")


def main():
    if PYTHON.exists() and pathlib.Path(sys.prefix) != PYTHON.parents[1]:
        os.execv(PYTHON, [str(PYTHON), *sys.argv])
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--geolip", type=pathlib.Path)
    arguments, rest = parser.parse_known_args()
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        print(f"skipped: Python packages are missing: {', '.join(missing)} (./dev bench-peers installs them)")
        sys.exit(1 if os.environ.get("GEOLIP_REQUIRE_PEERS") == "1" else 77)
    if arguments.geolip:
        os.environ["GEOLIP_COMMAND"] = str(arguments.geolip.resolve())
    sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1])]
    unittest.main(module=None, argv=["run_tests.py", "discover", "-s", str(HERE), "-p", "*_test.py", "-v", *rest])


if __name__ == "__main__":
    main()
