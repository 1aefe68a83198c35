"""A fully connected ReLU network: values, and gradients of the cross-entropy.

Parameters are a list W_1, b_1, W_2, b_2, ..., each W_k with as many rows as its layer has neurons. Inputs are rows.
"""

import numpy as np


def forward(parameters, x):
    """The inputs of all layers, and the logits."""
    values = [x]
    for k in range(0, len(parameters), 2):
        x = x @ parameters[k].T + parameters[k + 1]
        if k + 2 < len(parameters):
            x = np.maximum(x, 0)
        values.append(x)
    return values


def softmax(logits):
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return probabilities


def cross_entropy(logits, labels):
    """One number a row."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]


def accuracy(parameters, x, labels):
    return (forward(parameters, x)[-1].argmax(axis=1) == labels).mean()


def gradients(parameters, x, labels):
    """Of the mean cross-entropy, with respect to all parameters."""
    values = forward(parameters, x)
    probabilities = softmax(values[-1])
    probabilities[np.arange(len(labels)), labels] -= 1
    delta, result = probabilities / len(labels), [None] * len(parameters)
    for k in reversed(range(0, len(parameters), 2)):
        below = values[k // 2]
        result[k], result[k + 1] = delta.T @ below, delta.sum(axis=0)
        delta = (delta @ parameters[k]) * (below > 0)
    return result


def backpropagate(parameters, values, delta):
    """delta' times the Jacobian of the logits with respect to the input, for each row; values come from forward()."""
    for k in reversed(range(0, len(parameters), 2)):
        delta = delta @ parameters[k]
        if k > 0:
            delta *= values[k // 2] > 0
    return delta


def output_gradients(parameters, x, output):
    """For each row, the gradient of one logit with respect to the input."""
    values = forward(parameters, x)
    delta = np.zeros_like(values[-1])
    delta[:, output] = 1
    return backpropagate(parameters, values, delta)


def loss_direction(parameters, x, labels):
    """The logits, and for each row a positive multiple of the gradient of its cross-entropy with respect to the input.

    The multiple keeps the gradient's size near the weights': where an image is classified with certainty the gradient
    itself is too small for float32, and an attack that follows it would stand still.
    """
    values = forward(parameters, x)
    rows = np.arange(len(labels))
    delta = softmax(values[-1])
    delta[rows, labels] = 0
    others = delta.sum(axis=1, keepdims=True)  # 1 - p_label, without its cancellation
    delta /= np.maximum(others, np.finfo(delta.dtype).tiny)
    delta[rows, labels] = -1
    return values[-1], backpropagate(parameters, values, delta)
