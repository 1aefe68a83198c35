#!/usr/bin/env python3
"""What lies between: lower and upper bound of every output, and gradients at real and at random inputs below them.

    build/bench-venv/bin/python bench/paper/sandwich.py FOLDER          # the four MNIST files

Writes bench/results/paper/sandwich.jsonl, one line a network and norm; plots.py draws it.
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import geolip_command  # noqa: E402
import jsonl  # noqa: E402
from training import relu_network  # noqa: E402
from training.mnist import read_mnist  # noqa: E402
from training.onnx_file import read_onnx  # noqa: E402

import numpy as np  # noqa: E402

ROOT = geolip_command.ROOT
NETWORKS = ("mnist_784-256-10", "mnist_784-64x6-10")
DUAL_ORDER = {"linf": 1, "l2": 2}
SAMPLES, SEED = 200, 0


def samples(parameters, inputs, norm):
    """Dual norms of the gradients at the rows of inputs: a list for each output."""
    outputs = range(len(parameters[-1]))
    gradients = (relu_network.output_gradients(parameters, inputs, k) for k in outputs)
    return [[float(f"{x:.5g}") for x in np.linalg.norm(g, DUAL_ORDER[norm], axis=1)] for g in gradients]


def line(geolip, path, norm, images):
    report = geolip_command.estimate(geolip, path, "--norm", norm, "--verify", "on")
    parameters = [p.astype(np.float64) for p in read_onnx(path)]
    rng = np.random.default_rng(SEED)
    inputs = {
        "test images": images[rng.permutation(len(images))[:SAMPLES]].astype(np.float64),
        "uniform in the cube": rng.uniform(0, 1, (SAMPLES, images.shape[1])),
    }
    keys = ("output", "lower", "relaxation", "upper", "status")
    return {
        "record": "sandwich",
        "network": path.stem,
        "sha256": report["network"]["sha256"],
        "norm": norm,
        "outputs": [{key: result[key] for key in keys} for result in report["results"]],
        "gradients": {name: samples(parameters, x, norm) for name, x in inputs.items()},
        "geolip": report["version"],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="folder with t10k-images-idx3-ubyte.gz and the rest")
    parser.add_argument("--networks", type=pathlib.Path, default=ROOT / "build/paper/networks", help="made by train.py")
    parser.add_argument("--geolip", type=pathlib.Path, default=geolip_command.DEFAULT, help="the command")
    parser.add_argument("--results", type=pathlib.Path, default=ROOT / "bench/results/paper/sandwich.jsonl")
    arguments = parser.parse_args()
    images, _ = read_mnist(arguments.folder, "t10k")
    paths = [arguments.networks / f"{name}.onnx" for name in NETWORKS]
    jsonl.write(arguments.results, [line(arguments.geolip, p, norm, images) for p in paths for norm in DUAL_ORDER])


if __name__ == "__main__":
    main()
