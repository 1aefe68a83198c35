"""Made-up data in MNIST's format, and results' lines as the runs write them."""

import gzip
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

import numpy as np  # noqa: E402


def write_idx(path, array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(int(n).to_bytes(4, "big") for n in array.shape)
    path.write_bytes(gzip.compress(header + array.astype(np.uint8).tobytes()))


def write_images(folder, seed=0, train=400, test=100):
    """Ten classes, each around an image of its own."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(40, 215, (10, 28, 28))
    for part, count in (("train", train), ("t10k", test)):
        labels = rng.integers(0, 10, count)
        images = np.clip(centres[labels] + 20 * rng.standard_normal((count, 28, 28)), 0, 255)
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", images)
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", labels)


def result_line(network, widths, norm, output, method, value, seconds, lower=None, relaxation="natural"):
    """As bench/peers writes them; GeoLIP's have lower bounds in their details. A value of None stands for a time-out."""
    details = {}
    if method == "geolip":
        details = {"bounds": {str(output): {"lower": lower, "relaxation": value, "upper": value}}}
    return {
        "record": "result",
        "network": network,
        "widths": widths,
        "norm": norm,
        "output": output,
        "method": method,
        "relaxation": relaxation,
        "status": "ok" if value is not None else "timeout",
        "value": value,
        "cpu_s": seconds,
        "method_cpu_s": seconds,
        "details": details,
    }
