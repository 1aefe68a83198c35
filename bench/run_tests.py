#!/usr/bin/env python3
"""Runs the Python tests of one bench; exits with 77, which CTest calls skipped, where a package is missing.

    bench/run_tests.py [--geolip COMMAND] FOLDER PACKAGE...

Uses the virtual environment of the benches, if it is there. GEOLIP_REQUIRE_PEERS=1 makes a skip a failure.
"""

import argparse
import importlib.util
import os
import pathlib
import sys
import unittest

SKIPPED = 77
PYTHON = pathlib.Path(__file__).resolve().parents[1] / "build/bench-venv/bin/python"


def main():
    if PYTHON.exists() and pathlib.Path(sys.prefix) != PYTHON.parents[1]:
        os.execv(PYTHON, [str(PYTHON), *sys.argv])
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--geolip", type=pathlib.Path, help="the command, for the tests that need it")
    parser.add_argument("folder", help="holds the tests, *_test.py")
    parser.add_argument("packages", nargs="*", help="that the tests need")
    arguments = parser.parse_args()
    missing = [package for package in arguments.packages if importlib.util.find_spec(package) is None]
    if missing:
        print(f"skipped: {sys.executable} has no {', '.join(missing)} (bench/requirements.txt)")
        return 1 if os.environ.get("GEOLIP_REQUIRE_PEERS") == "1" else SKIPPED
    if arguments.geolip:
        os.environ["GEOLIP_COMMAND"] = str(arguments.geolip.resolve())
    tests = unittest.defaultTestLoader.discover(arguments.folder, pattern="*_test.py")
    if tests.countTestCases() == 0:
        sys.exit(f"run_tests.py: {arguments.folder} holds no tests")
    return not unittest.TextTestRunner(verbosity=2).run(tests).wasSuccessful()


if __name__ == "__main__":
    sys.exit(main())
