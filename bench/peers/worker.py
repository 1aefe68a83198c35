"""The child process of one run: reads a job from stdin as JSON, prints the outcome as the last line of stdout.

    {"network": path, "norm": "linf" | "l2", "output": index, "method": name, "budget_s": s, "images": folder or null}
"""

import json
import math
import pathlib
import resource
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))  # for the package `training`


MEMORY_SHARE = 0.9  # of the limit: a solver that fails with more in use has failed for want of memory


def cpu_seconds():
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def near_memory_limit():
    """Some solvers report a failed allocation as a failure without a name."""
    limit = resource.getrlimit(resource.RLIMIT_DATA)[0]
    peak = 1024 * max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return limit != resource.RLIM_INFINITY and peak > MEMORY_SHARE * limit


def perform(job):
    import methods
    import networks

    layers, biases = networks.read(job["network"])
    method = methods.load(job["method"])
    begin, begin_cpu = time.monotonic(), cpu_seconds()
    result = {"status": "ok", "value": None, "message": "", "details": {}}
    try:
        outcome = method.bound(layers, job["norm"], job["output"], biases=biases, images=job["images"],
                               budget_s=job["budget_s"])
        if math.isfinite(outcome.value):
            result |= {"value": outcome.value, "message": outcome.message, "details": outcome.details}
        else:
            result |= {"status": "failed", "message": f"the value is {outcome.value}"}
    except methods.NotApplicable as error:
        result |= {"status": "not applicable", "message": str(error)}
    except methods.OutOfTime as error:
        result |= {"status": "timeout", "message": str(error)}
    except MemoryError as error:
        result |= {"status": "memory", "message": str(error)}
    except methods.Untrustworthy as error:
        result |= {"status": "invalid", "message": str(error)}
    except Exception as error:  # whatever a package throws is a result of the comparison
        status = "memory" if near_memory_limit() else "failed"
        result |= {"status": status, "message": f"{type(error).__name__}: {error}".splitlines()[0][:300]}
    # Of the method alone: without Python's start, imports of NumPy and reading the network.
    result |= {"method_wall_s": time.monotonic() - begin, "method_cpu_s": cpu_seconds() - begin_cpu}
    return result


if __name__ == "__main__":
    print("\n" + json.dumps(perform(json.load(sys.stdin))))
