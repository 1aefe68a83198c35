#!/usr/bin/env python3
"""Runs the tests of a folder of Python benches; exits with 77, "skipped", where a package they need is missing.

    bench/tests/run.py FOLDER PACKAGE...
"""

import importlib.util
import pathlib
import sys
import unittest

SKIPPED = 77


def main():
    folder, packages = pathlib.Path(sys.argv[1]), sys.argv[2:]
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        print(f"skipped: {sys.executable} has no {', '.join(missing)} (bench/requirements.txt)")
        return SKIPPED
    tests = unittest.defaultTestLoader.discover(str(folder), pattern="test_*.py")
    if tests.countTestCases() == 0:
        print(f"{folder} holds no tests", file=sys.stderr)
        return 1
    return not unittest.TextTestRunner(verbosity=2).run(tests).wasSuccessful()


if __name__ == "__main__":
    sys.exit(main())
