"""Networks of the comparison: weight matrices of ReLU networks, from ONNX and NPZ files, and random ones."""

import pathlib

import numpy as np

NORMS_OF_RANDOM_LAYERS = (0.4, 1.8)


def read(path):
    """Weights and biases, float64. Only what the comparison's files hold is understood: Gemm and Relu in turn."""
    path = pathlib.Path(path)
    return read_npz(path) if path.suffix == ".npz" else read_onnx(path)


def read_npz(path):
    with np.load(path) as file:
        count = sum(name.startswith("w") for name in file)
        return [file[f"w{k + 1}"].astype(float) for k in range(count)], None


def read_onnx(path):
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path).graph
    tensors = {tensor.name: numpy_helper.to_array(tensor).astype(float) for tensor in graph.initializer}
    weights, biases = [], []
    for position, node in enumerate(graph.node):
        if node.op_type != ("Relu" if position % 2 else "Gemm"):
            raise ValueError(f"{path.name}: node {position} is {node.op_type}, not Gemm and Relu in turn")
        if node.op_type == "Gemm":
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            if attributes.get("alpha", 1) != 1 or attributes.get("beta", 1) != 1 or attributes.get("transA", 0):
                raise ValueError(f"{path.name}: node {position} is a Gemm with alpha, beta or transA")
            weight = tensors[node.input[1]]
            weights.append(weight if attributes.get("transB", 0) else weight.T)
            biases.append(tensors[node.input[2]])
    return weights, biases


def random_layers(hidden_layers, width, seed=0, inputs=4, outputs=1):
    """Gaussian layers scaled to spectral norms that are uniform in [0.4, 1.8]. 4 inputs and 1 output as ECLipsE has them."""
    rng = np.random.default_rng([seed, hidden_layers, width])
    sizes = [inputs] + [width] * hidden_layers + [outputs]
    result = []
    for n, m in zip(sizes, sizes[1:]):
        weight = rng.standard_normal((m, n))
        result.append(weight * (rng.uniform(*NORMS_OF_RANDOM_LAYERS) / np.linalg.norm(weight, 2)))
    return result


def write_npz(path, layers):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{f"w{k + 1}": weight for k, weight in enumerate(layers)})
