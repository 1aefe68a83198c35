#!/usr/bin/env python3
"""Trains the example networks of examples/ on MNIST and writes them as ONNX files.

    python -m venv .venv && .venv/bin/pip install numpy onnx
    .venv/bin/python bench/train_mnist.py FOLDER      # the four MNIST files, idx format, gzipped

Pixels in [0, 1], ReLU, cross-entropy, Adam, decoupled weight decay, fixed seed. NumPy in one thread, so the
same NumPy on the same kind of machine writes the same bytes.
"""

import argparse
import pathlib

from training import adam, relu_network
from training.mnist import read_mnist
from training.onnx_file import write_onnx

EXAMPLES = pathlib.Path(__file__).resolve().parents[1] / "examples"
NETWORKS = {"mnist_784-256-10": [784, 256, 10], "mnist_784-64x6-10": [784] + [64] * 6 + [10]}
SETTINGS = adam.Settings(seed=0, epochs=10, batch=128, rate=1e-3, rate_falls=True, decay=0.5)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="folder with train-images-idx3-ubyte.gz and the rest")
    parser.add_argument("--out", type=pathlib.Path, default=EXAMPLES, help="where the .onnx files go")
    arguments = parser.parse_args()
    images, labels = read_mnist(arguments.folder, "train")
    test_images, test_labels = read_mnist(arguments.folder, "t10k")
    for name, widths in NETWORKS.items():
        parameters = adam.train(widths, images, labels, SETTINGS)
        accuracy = relu_network.accuracy(parameters, test_images, test_labels)
        facts = {"dataset": "MNIST, pixels in [0, 1]", "test_accuracy": f"{accuracy:.4f}", "seed": str(SETTINGS.seed)}
        path = arguments.out / f"{name}.onnx"
        write_onnx(path, name, parameters, facts, "geolip bench/train_mnist.py")
        print(f"{path}: test accuracy {accuracy:.4f}, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
