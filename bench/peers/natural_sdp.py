"""The natural SDP of the FGL, and its dual with one multiplier a layer, for ReLU networks and one output.

One hidden layer has the form of the GeoLIP paper, in which all constraints are Z_ii = 1: over inputs, signs of the neurons
and a unit (linf), or over signs and the unit (l2, where the optimum is the square of the bound). More layers have the
Gram matrix of x, all neurons v and the unit e, with |v_i|^2 <= <v_i, w_i> for every neuron (docs/method.md, M5).

Equivalent reformulations that make the solvers' work easier and change no optimum: the first weight is replaced by the
triangular factor of its QR decomposition where only W_1 W_1' matters (l2), and every weight is divided by its spectral
norm, which is multiplied to the result.
"""

import numpy as np

import sdp


def one_hidden_layer(weight, row, norm):
    neurons, inputs = weight.shape
    scale = np.linalg.norm(weight, 2) * np.linalg.norm(row)
    slopes = weight * row[:, None] / scale  # the gradient is slopes' (1 + s) / 2 with signs s
    ones = np.ones((neurons, 1))
    if norm == "l2":
        gram = slopes @ slopes.T / 4
        cost = np.block([[gram, gram @ ones], [ones.T @ gram, ones.T @ gram @ ones]])
        return sdp.diagonal_sdp(cost, square=True, factor=scale)
    cost = np.zeros((inputs + neurons + 1,) * 2)
    cost[inputs : inputs + neurons, :inputs] = slopes / 4
    cost[-1, :inputs] = slopes.sum(axis=0) / 4
    return sdp.diagonal_sdp(cost + cost.T, factor=scale)


def normalised(layers, row, norm):
    layers = list(layers)
    if norm == "l2" and len(layers[0]) < layers[0].shape[1]:
        layers[0] = np.linalg.qr(layers[0].T, mode="r").T
    norms = [np.linalg.norm(weight, 2) for weight in layers]
    factor = np.linalg.norm(row) * np.prod(norms)
    return [w / s for w, s in zip(layers, norms)], row / np.linalg.norm(row), float(factor)


def general(hidden, row, norm, one_multiplier_a_layer=False):
    hidden, row, factor = normalised(hidden, row, norm)
    inputs = hidden[0].shape[1]
    sizes = [inputs] + [len(weight) for weight in hidden]
    begins = np.cumsum([0, *sizes])
    unit = int(begins[-1])
    constraints = sdp.Builder()
    constraints.add(0, unit, unit, 1.0)
    columns = np.arange(inputs)
    free = 1 + (inputs if norm == "linf" else 1)  # constraints without a slack come first
    constraints.add(1 + columns if norm == "linf" else 1, columns, columns, 1.0)
    count = free
    for k, weight in enumerate(hidden, start=1):
        neurons = np.arange(sizes[k])
        which = count if one_multiplier_a_layer else count + neurons
        own, below = begins[k] + neurons, begins[k - 1] + np.arange(sizes[k - 1])
        constraints.add(which, own, own, 1.0)
        constraints.add(np.reshape(which, (-1, 1)), own[:, None], below[None, :], -weight / 2)
        count += 1 if one_multiplier_a_layer else sizes[k]
    cost = sdp.Builder()
    cost.add(0, begins[-2] + np.arange(sizes[-1]), unit, row / 2)
    ones = np.arange(count) < free
    return sdp.Sdp(unit + 1, cost.entries(), constraints.entries(), (~ones).astype(float), ones.astype(float),
                   factor=factor)


def natural_sdp(layers, norm, objective):
    row = layers[-1][objective]
    if len(layers) == 2:
        return one_hidden_layer(layers[0], row, norm)
    return general(layers[:-1], row, norm)


def layer_sdp(layers, norm, objective):
    return general(layers[:-1], layers[-1][objective], norm, one_multiplier_a_layer=True)
