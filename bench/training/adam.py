"""Adam on the cross-entropy of a ReLU network, with the places where trainings differ as arguments."""

import dataclasses

import numpy as np

from . import relu_network


@dataclasses.dataclass(frozen=True)
class Settings:
    seed: int = 0
    epochs: int = 10
    batch: int = 128
    rate: float = 1e-3
    rate_falls: bool = False  # linearly, to 0 after the last step
    decay: float = 0.0  # decoupled weight decay, of the weights alone


def he_normal(rng, n, m):
    return (rng.standard_normal((m, n)) * np.sqrt(2 / n)).astype(np.float32), np.zeros(m, np.float32)


def uniform(rng, n, m):
    """PyTorch's default for a linear layer."""
    size = 1 / np.sqrt(n)
    return rng.uniform(-size, size, (m, n)).astype(np.float32), rng.uniform(-size, size, m).astype(np.float32)


def train(widths, images, labels, settings, initial=he_normal, attack=None, penalty=None):
    """The parameters after training.

    attack(parameters, x, labels, rng) gives the inputs to train on in place of x: adversarial training.
    penalty(parameters) gives gradients to be added, one for each parameter (None: nothing to add).
    """
    rng = np.random.default_rng(settings.seed)
    parameters = []
    for n, m in zip(widths, widths[1:]):
        parameters += initial(rng, n, m)
    mean, square = ([np.zeros_like(p) for p in parameters] for _ in range(2))
    epochs, size = settings.epochs, settings.batch
    steps = epochs * (len(images) // size)
    order = np.concatenate([rng.permutation(len(images))[: steps // epochs * size] for _ in range(epochs)])
    for t, batch in enumerate(order.reshape(steps, size), start=1):
        rate = np.float32(settings.rate * (1 - (t - 1) / steps if settings.rate_falls else 1))
        x = images[batch]
        if attack:
            x = attack(parameters, x, labels[batch], rng)
        step_gradients = relu_network.gradients(parameters, x, labels[batch])
        if penalty:
            step_gradients = [g if p is None else g + p for g, p in zip(step_gradients, penalty(parameters))]
        for k, g in enumerate(step_gradients):
            mean[k] += np.float32(0.1) * (g - mean[k])
            square[k] += np.float32(0.001) * (g * g - square[k])
            step = mean[k] / np.float32(1 - 0.9**t) / (np.sqrt(square[k] / np.float32(1 - 0.999**t)) + np.float32(1e-8))
            decay = np.float32(settings.decay) * parameters[k] if settings.decay and parameters[k].ndim == 2 else 0
            parameters[k] -= rate * (step + decay)
    return parameters
