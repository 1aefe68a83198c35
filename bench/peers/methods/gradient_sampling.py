"""The largest gradient that occurs at sampled inputs: a lower bound of the network's own Lipschitz constant, and so of the
FGL. Inputs: all test images of MNIST where they are given, and as many random ones, uniform in [0, 1].
"""

import pathlib

import numpy as np

from methods import Method, Outcome

METHOD = Method("gradient_sampling", "sampling", "definition", "lower", "attained")

RANDOM_INPUTS = 10000
CHUNK = 2000  # inputs at a time
SEED = 0


def inputs(count, images):
    random = np.random.default_rng(SEED).random((RANDOM_INPUTS, count))
    if images is None or count != 784:
        return random, "random inputs"
    from training.mnist import read_mnist

    test, _ = read_mnist(pathlib.Path(images), "t10k")
    return np.concatenate([test, random]), "test images and random inputs"


def largest_gradient(layers, biases, norm, objective, x):
    masks = []
    for weight, bias in zip(layers[:-1], biases):
        x = x @ weight.T + bias
        masks.append(x > 0)
        x = np.maximum(x, 0)
    gradient = np.broadcast_to(layers[-1][objective], (len(x), layers[-1].shape[1]))
    for weight, mask in zip(reversed(layers[:-1]), reversed(masks)):
        gradient = (gradient * mask) @ weight
    return float(np.linalg.norm(gradient, {"linf": 1, "l2": 2}[norm], axis=1).max())


def bound(layers, norm, objective, biases=None, images=None, **_):
    biases = biases or [np.zeros(len(weight)) for weight in layers]
    x, what = inputs(layers[0].shape[1], images)
    chunks = range(0, len(x), CHUNK)
    value = max(largest_gradient(layers, biases, norm, objective, x[k : k + CHUNK]) for k in chunks)
    return Outcome(value, f"{len(x)} {what}")
