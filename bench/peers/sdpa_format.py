"""Solvers that read sparse SDPA files: CSDP and DSDP, from Debian."""

import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import numpy as np

from methods import OutOfTime, SolverFailed


def write(problem, path):
    """F_0 = C and F_i = A_i, with s in a diagonal block."""
    slacks = np.flatnonzero(problem.slack)
    e = problem.constraints
    order = np.argsort(e.matrix, kind="stable")
    c = problem.cost
    with open(path, "w") as file:
        blocks = [problem.order] + ([-len(slacks)] if len(slacks) else [])
        print(len(problem.rhs), len(blocks), " ".join(map(str, blocks)), sep="\n", file=file)
        print(*map(repr, map(float, problem.rhs)), file=file)
        file.writelines(f"0 1 {i + 1} {j + 1} {float(v)!r}\n" for i, j, v in zip(c.row, c.col, c.value))
        file.writelines(f"{e.matrix[k] + 1} 1 {e.row[k] + 1} {e.col[k] + 1} {float(e.value[k])!r}\n" for k in order)
        file.writelines(f"{i + 1} 2 {k + 1} {k + 1} {float(problem.slack[i])!r}\n" for k, i in enumerate(slacks))


def run(program, problem, options=()):
    """The program's output, its exit status and the first line of its solution file, y."""
    path = shutil.which(program)
    if path is None:
        raise SolverFailed(f"{program} is not installed")
    with tempfile.TemporaryDirectory() as folder:
        file, solution = pathlib.Path(folder, "problem.dat-s"), pathlib.Path(folder, "solution")
        write(problem, file)
        arguments = [str(solution)] if program == "csdp" else ["-save", str(solution), *options]
        done = subprocess.run([path, str(file), *arguments], cwd=folder, capture_output=True, text=True)
        if done.returncode == -signal.SIGXCPU:
            raise OutOfTime(f"{program} reached the limit of CPU time")
        if re.search(r"[Aa]lloc|[Mm]emory", done.stdout + done.stderr):
            raise MemoryError(f"{program} could not allocate memory")
        y = solution.read_text().partition("\n")[0] if solution.exists() else ""
        return done.stdout, done.returncode, np.array(y.split(), float)


def last_number(pattern, text):
    found = re.findall(pattern + r"\s*:?\s*(-?[0-9.]+(?:e[-+]?[0-9]+)?)", text, flags=re.IGNORECASE)
    return float(found[-1]) if found else None
