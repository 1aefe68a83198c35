#!/usr/bin/env python3
"""The script of docs/network-file.md: of at most 20 lines, and right for networks that NumPy evaluates by hand.

usage: check_network_file.py GEOLIP
Ends with code 77 (skipped) without NumPy.
"""
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

import network_file

ACTIVATIONS = {  # written otherwise than in the script
    "relu": lambda x: np.maximum(x, 0), "identity": lambda x: x, "leaky_relu": lambda x: np.maximum(x, 0.01 * x),
    "tanh": lambda x: (np.exp(2 * x) - 1) / (np.exp(2 * x) + 1), "sigmoid": lambda x: 0.5 + 0.5 * np.tanh(x / 2),
    "softplus": lambda x: np.log1p(np.exp(x)), "elu": lambda x: np.maximum(x, 0) + np.exp(np.minimum(x, 0)) - 1,
    "celu": lambda x: np.maximum(x, 0) + np.exp(np.minimum(x, 0)) - 1, "clip": lambda x: np.minimum(np.maximum(x, -1), 1),
    "selu": lambda x: 1.05070102214813232421875 * (np.maximum(x, 0) + 1.67326319217681884765625 * np.expm1(np.minimum(x, 0))),
    "hard_sigmoid": lambda x: np.minimum(np.maximum(0.2 * x + 0.5, 0), 1), "softsign": lambda x: x / (1 + np.abs(x)),
    "silu": lambda x: x * (0.5 + 0.5 * np.tanh(x / 2)), "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
    "hard_swish": lambda x: x * np.minimum(np.maximum(x + 3, 0), 6) / 6,
    "gelu_tanh": lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
}


def main():
    lines = network_file.SCRIPT.splitlines()
    assert len(lines) <= 20 and max(map(len, lines)) <= 120, "the script is too long"
    rng = np.random.default_rng(2)
    with tempfile.TemporaryDirectory() as folder:
        weights = [rng.standard_normal(shape) for shape in ((5, 3), (4, 5), (2, 4))]
        biases = [rng.standard_normal(len(w)) for w in weights]
        source, target = pathlib.Path(folder, "weights.npz"), pathlib.Path(folder, "network.npz")
        np.savez(source, **{f"w{i}": w for i, w in enumerate(weights)}, **{f"b{i}": b for i, b in enumerate(biases)})
        for name, function in ACTIVATIONS.items():
            subprocess.run([sys.argv[1], "export", source, target, "--activation", name], check=True, capture_output=True)
            for x in rng.standard_normal((5, 3)):
                y = x
                for i, (w, b) in enumerate(zip(weights, biases)):
                    y = w @ (y if i == 0 else function(y)) + b
                assert np.allclose(network_file.evaluate(target, x), y, rtol=1e-12, atol=1e-13), name
        # the arrays are NumPy's to read, one by one
        arrays = np.load(target)
        assert np.array_equal(arrays["0.weight"], weights[0]) and np.array_equal(arrays["4.bias"], biases[2])
    print(f"{len(lines)} lines evaluate networks of {len(ACTIVATIONS)} activations")


if __name__ == "__main__":
    main()
