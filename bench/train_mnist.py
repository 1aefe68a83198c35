#!/usr/bin/env python3
"""Trains the example networks of examples/ on MNIST and writes them as ONNX files.

    python -m venv .venv && .venv/bin/pip install numpy onnx
    .venv/bin/python bench/train_mnist.py FOLDER      # the four MNIST files, idx format, gzipped

Pixels in [0, 1], ReLU, cross-entropy, Adam, decoupled weight decay, fixed seed. NumPy in one thread, so the
same NumPy on the same kind of machine writes the same bytes.
"""

import argparse
import gzip
import os
import pathlib

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np  # noqa: E402
import onnx  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

EXAMPLES = pathlib.Path(__file__).resolve().parents[1] / "examples"
NETWORKS = {"mnist_784-256-10": [784, 256, 10], "mnist_784-64x6-10": [784] + [64] * 6 + [10]}
SEED, EPOCHS, BATCH, RATE, DECAY = 0, 10, 128, 1e-3, 0.5


def read_idx(path):
    data = gzip.decompress(path.read_bytes())
    dimensions = data[3]
    shape = np.frombuffer(data, ">i4", dimensions, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def read_mnist(folder, part):
    images = read_idx(folder / f"{part}-images-idx3-ubyte.gz")
    return images.reshape(len(images), -1).astype(np.float32) / 255, read_idx(folder / f"{part}-labels-idx1-ubyte.gz")


def forward(parameters, x):
    """The inputs of all layers, and the logits."""
    values = [x]
    for k in range(0, len(parameters), 2):
        x = x @ parameters[k].T + parameters[k + 1]
        if k + 2 < len(parameters):
            x = np.maximum(x, 0)
        values.append(x)
    return values


def gradients(parameters, x, labels):
    values = forward(parameters, x)
    probabilities = np.exp(values[-1] - values[-1].max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    probabilities[np.arange(len(labels)), labels] -= 1
    delta, result = probabilities / len(labels), [None] * len(parameters)
    for k in reversed(range(0, len(parameters), 2)):
        below = values[k // 2]
        result[k], result[k + 1] = delta.T @ below, delta.sum(axis=0)
        delta = (delta @ parameters[k]) * (below > 0)
    return result


def train(widths, images, labels):
    rng = np.random.default_rng(SEED)
    parameters = []
    for n, m in zip(widths, widths[1:]):
        parameters += [(rng.standard_normal((m, n)) * np.sqrt(2 / n)).astype(np.float32), np.zeros(m, np.float32)]
    mean, square = ([np.zeros_like(p) for p in parameters] for _ in range(2))
    steps = EPOCHS * (len(images) // BATCH)
    order = np.concatenate([rng.permutation(len(images))[: steps // EPOCHS * BATCH] for _ in range(EPOCHS)])
    for t, batch in enumerate(order.reshape(steps, BATCH), start=1):
        rate = np.float32(RATE * (1 - (t - 1) / steps))
        for k, g in enumerate(gradients(parameters, images[batch], labels[batch])):
            mean[k] += np.float32(0.1) * (g - mean[k])
            square[k] += np.float32(0.001) * (g * g - square[k])
            step = mean[k] / np.float32(1 - 0.9**t) / (np.sqrt(square[k] / np.float32(1 - 0.999**t)) + np.float32(1e-8))
            decay = np.float32(DECAY) * parameters[k] if parameters[k].ndim == 2 else 0
            parameters[k] -= rate * (step + decay)
    return parameters


def write_onnx(path, name, parameters, facts):
    layers = len(parameters) // 2
    initializers, nodes, value = [], [], "input"
    for k in range(layers):
        last = k + 1 == layers
        tensors = {f"fc{k + 1}.weight": parameters[2 * k], f"fc{k + 1}.bias": parameters[2 * k + 1]}
        initializers += [numpy_helper.from_array(p, n) for n, p in tensors.items()]
        gemm = "logits" if last else f"fc{k + 1}.out"
        nodes.append(helper.make_node("Gemm", [value, *tensors], [gemm], f"fc{k + 1}", alpha=1.0, beta=1.0, transB=1))
        value = f"relu{k + 1}.out"
        if not last:
            nodes.append(helper.make_node("Relu", [gemm], [value], f"relu{k + 1}"))
    inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", parameters[0].shape[1]])]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", len(parameters[-1])])]
    graph = helper.make_graph(nodes, name, inputs, outputs, initializers)
    opset = [helper.make_opsetid("", 13)]
    model = helper.make_model(graph, producer_name="geolip bench/train_mnist.py", opset_imports=opset, ir_version=7)
    helper.set_model_props(model, facts)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="folder with train-images-idx3-ubyte.gz and the rest")
    parser.add_argument("--out", type=pathlib.Path, default=EXAMPLES, help="where the .onnx files go")
    arguments = parser.parse_args()
    images, labels = read_mnist(arguments.folder, "train")
    test_images, test_labels = read_mnist(arguments.folder, "t10k")
    for name, widths in NETWORKS.items():
        parameters = train(widths, images, labels)
        accuracy = (forward(parameters, test_images)[-1].argmax(axis=1) == test_labels).mean()
        facts = {"dataset": "MNIST, pixels in [0, 1]", "test_accuracy": f"{accuracy:.4f}", "seed": str(SEED)}
        path = arguments.out / f"{name}.onnx"
        write_onnx(path, name, parameters, facts)
        print(f"{path}: test accuracy {accuracy:.4f}, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
