"""Projected gradient descent (Madry et al. 2018): images near x, in the l_inf or l2 ball, with a large loss."""

import dataclasses

import numpy as np

from . import relu_network


@dataclasses.dataclass(frozen=True)
class Attack:
    norm: str  # "linf" or "l2"
    eps: float  # radius of the ball
    steps: int
    step: float  # length of a step, in the same norm

    def __post_init__(self):
        if self.norm not in ("linf", "l2"):
            raise ValueError(f"PGD has the norms linf and l2, not '{self.norm}'")


def lengths(rows):
    return np.sqrt((rows * rows).sum(axis=1, keepdims=True))


def random_start(attack, x, rng):
    if attack.norm == "linf":
        moved = x + rng.uniform(-attack.eps, attack.eps, x.shape).astype(x.dtype)
    else:
        direction = rng.standard_normal(x.shape).astype(x.dtype)
        radius = attack.eps * rng.uniform(0, 1, (len(x), 1)).astype(x.dtype)
        moved = x + direction * (radius / lengths(direction))
    return np.clip(moved, 0, 1)


def iterates(attack, parameters, x, labels, rng):
    """The attack's points with their logits, from the random start to the one before the last; then the last, None.

    Every point lies in the ball around x and in the images' cube [0, 1]^n. A point is changed in place by the next.
    """
    eps, step = x.dtype.type(attack.eps), x.dtype.type(attack.step)
    low, high = np.maximum(x - eps, 0), np.minimum(x + eps, 1)  # linf: ball and cube are one box
    point = random_start(attack, x, rng)
    for _ in range(attack.steps):
        logits, direction = relu_network.loss_direction(parameters, point, labels)
        yield point, logits
        if attack.norm == "linf":
            np.sign(direction, out=direction)
            direction *= step
            point += direction
            np.clip(point, low, high, out=point)
        else:
            direction *= step / np.maximum(lengths(direction), np.finfo(x.dtype).tiny)
            point += direction
            point -= x
            point *= np.minimum(1, eps / np.maximum(lengths(point), eps))
            point += x
            # Towards x in every coordinate, for x itself is in the cube: the point stays in the ball.
            np.clip(point, 0, 1, out=point)
    yield point, None


def perturb(attack, parameters, x, labels, rng):
    """The attack's last point."""
    for point, _ in iterates(attack, parameters, x, labels, rng):
        pass
    return point


def robust_accuracy(attack, parameters, x, labels, seed, batch=1000):
    """The share of rows of x that are classified right, and so is every point that the attack visits."""
    rng, right = np.random.default_rng(seed), 0
    for first in range(0, len(x), batch):
        part, part_labels = x[first : first + batch], labels[first : first + batch]
        stands = relu_network.forward(parameters, part)[-1].argmax(axis=1) == part_labels
        for point, logits in iterates(attack, parameters, part, part_labels, rng):
            if logits is None:
                logits = relu_network.forward(parameters, point)[-1]
            stands &= logits.argmax(axis=1) == part_labels
        right += stands.sum()
    return right / len(x)
