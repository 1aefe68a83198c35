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


def cpu_seconds():
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


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
        result |= {"status": "failed", "message": f"{type(error).__name__}: {error}".splitlines()[0][:300]}
    # Of the method alone: without Python's start, imports of NumPy and reading the network.
    result |= {"method_wall_s": time.monotonic() - begin, "method_cpu_s": cpu_seconds() - begin_cpu}
    return result


if __name__ == "__main__":
    print("\n" + json.dumps(perform(json.load(sys.stdin))))
