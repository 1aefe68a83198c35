"""Runs one command with limits and measures it. Imports no NumPy: Linux counts the memory that the parent holds at the
time of a fork towards the child's peak, and so the parent must be small.
"""

import dataclasses
import os
import resource
import signal
import subprocess
import threading
import time

# Wall seconds allowed for each CPU second of the limit: on a shared machine a process may have to wait for its cores.
PATIENCE = 4


@dataclasses.dataclass(frozen=True)
class Limits:
    cpu_s: int  # for each process of the command, all its threads together
    memory_mib: int  # private memory (RLIMIT_DATA) of each process
    threads: int

    @property
    def wall_s(self):
        return PATIENCE * self.cpu_s


@dataclasses.dataclass(frozen=True)
class Measured:
    returncode: int
    timed_out: bool
    stdout: str
    stderr: str
    wall_s: float
    cpu_s: float  # user and system, the command and all that it started and waited for
    peak_mib: float  # largest resident memory of any one of these processes


def environment(threads):
    result = dict(os.environ)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"):
        result[name] = str(threads)
    return result


def run(command, limits, stdin=""):
    def apply_limits():
        resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s, limits.cpu_s + 5))
        size = limits.memory_mib << 20
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    begin = time.monotonic()
    child = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(limits.threads),
        start_new_session=True,
        preexec_fn=apply_limits,
    )
    overdue = threading.Event()

    def kill():
        overdue.set()
        os.killpg(child.pid, signal.SIGKILL)

    # The streams are drained by threads, so that this one can wait with wait4, which alone tells of the child's own use.
    texts = {}
    readers = [threading.Thread(target=lambda n=n, s=s: texts.update({n: s.read()})) for n, s in
               (("stdout", child.stdout), ("stderr", child.stderr))]
    timer = threading.Timer(limits.wall_s, kill)
    for thread in (*readers, timer):
        thread.daemon = True
        thread.start()
    try:
        child.stdin.write(stdin)
        child.stdin.close()
    except BrokenPipeError:
        pass  # it ended without reading: its exit status says more
    try:
        _, status, usage = os.wait4(child.pid, 0)
    except BaseException:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        raise
    wall = time.monotonic() - begin
    timer.cancel()
    child.returncode = os.waitstatus_to_exitcode(status)
    try:
        os.killpg(child.pid, signal.SIGKILL)  # what the child left behind
    except ProcessLookupError:
        pass
    for thread, stream in zip(readers, (child.stdout, child.stderr)):
        thread.join()
        stream.close()
    return Measured(
        returncode=child.returncode,
        timed_out=overdue.is_set() or child.returncode == -signal.SIGXCPU,
        stdout=texts["stdout"],
        stderr=texts["stderr"],
        wall_s=wall,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mib=usage.ru_maxrss / 1024,
    )
