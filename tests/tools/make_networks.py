#!/usr/bin/env python3
"""Writes the small networks in tests/data. Needs numpy, scipy and onnx; the same files every time.

All of the weight files hold the same network, 3-4-2 with the weights below, so that the tests can compare
what the readers make of them.
"""

import io
import pathlib
import zipfile

import numpy as np
import onnx
import scipy.io
from onnx import TensorProto, helper, numpy_helper

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
rng = np.random.default_rng(20240607)

# multiples of 1/8 are exact in every float format
W1 = rng.integers(-16, 17, (4, 3)) / 8.0
W2 = rng.integers(-16, 17, (2, 4)) / 8.0
B1 = rng.integers(-16, 17, 4) / 8.0
B2 = rng.integers(-16, 17, 2) / 8.0


def cell(arrays, column=False):
    result = np.empty((len(arrays), 1) if column else (1, len(arrays)), dtype=object)
    for i, a in enumerate(arrays):
        result.flat[i] = a
    return result


def fixed_header(path):
    """scipy writes the time of day into the header."""
    raw = bytearray(path.read_bytes())
    raw[:116] = b"MATLAB 5.0 MAT-file, written for the tests of geolip".ljust(116)
    path.write_bytes(raw)


def mat(name, variables, **options):
    path = DATA / name
    scipy.io.savemat(path, variables, **options)
    fixed_header(path)


def npz(name, arrays, method=zipfile.ZIP_STORED):
    """numpy.savez with the time of day left out."""
    with zipfile.ZipFile(DATA / name, "w") as archive:
        for key, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, array)
            info = zipfile.ZipInfo(key + ".npy", (2024, 1, 1, 0, 0, 0))
            info.compress_type = method
            archive.writestr(info, buffer.getvalue())


def nnet(name):
    def line(values):
        return ",".join(repr(float(v)) for v in values) + ",\n"

    text = "// made for the tests of geolip\n//\n2,3,2,4,\n3,4,2,\n0,\n"
    text += line([-1, -2, -3]) + line([1, 2, 3])
    text += line([0.5, 0.25, 0, 10]) + line([2, 4, 8, 16])
    for w, b in ((W1, B1), (W2, B2)):
        for row in w:
            text += line(row)
        for value in b:
            text += line([value])
    (DATA / name).write_text(text)


def save_onnx(name):
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"], name="flatten"),
        helper.make_node("Gemm", ["flat", "w1", "b1"], ["h"], name="fc1", transB=1),
        helper.make_node("Relu", ["h"], ["r"], name="relu"),
        helper.make_node("MatMul", ["r", "w2"], ["m"], name="fc2"),
        helper.make_node("Add", ["m", "b2"], ["y"], name="fc2_bias"),
    ]
    values = {"w1": W1, "b1": B1, "w2": W2.T, "b2": B2}
    graph = helper.make_graph(
        nodes, "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 1, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 2])],
        [numpy_helper.from_array(np.ascontiguousarray(v, dtype=np.float32), k) for k, v in values.items()])
    model = helper.make_model(graph, producer_name="make_networks.py", producer_version="1",
                              opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, DATA / name)


DATA.mkdir(exist_ok=True)
weights = {"weights": cell([W1, W2])}
both = {"weights": cell([W1, W2], column=True), "biases": cell([B1.reshape(4, 1), B2.reshape(1, 2)])}
mat("plain.mat", weights)
mat("compressed.mat", both, do_compression=True)
mat("single.mat", {"note": np.arange(3.0), "weights": cell([W1.astype("f4"), W2.astype("f4")])})
mat("no_weights.mat", {"W": W1, "other": W2})
mat("not_cell.mat", {"weights": W1})
mat("misfit.mat", {"weights": cell([W1, W2.T])})
mat("complex.mat", {"weights": cell([W1 + 1j, W2])})
mat("integers.mat", {"weights": cell([W1, np.ones((2, 4), dtype="i4")])})
npz("eclipse.npz", {"w1": W1, "w2": W2})
npz("biased.npz", {"b1": B1, "b2": B2.reshape(2, 1), "w2": W2, "w1": W1}, zipfile.ZIP_DEFLATED)
npz("kinds.npz", {"weight0": np.asfortranarray(W1.astype(">f4")), "weight1": W2.astype("<f2"),
                  "bias0": B1.astype(">f8"), "bias1": B2.astype(">f2")})
npz("numpy.npz", {"arr_0": W1, "arr_1": W2})
npz("ambiguous.npz", {"w1": W1, "W2": W2})
npz("stranger.npz", {"w1": W1, "epochs": np.array(3.0)})
npz("integers.npz", {"w1": W1, "w2": np.ones((2, 4), dtype="i8")})
npz("misfit.npz", {"w1": W1, "w2": np.ascontiguousarray(W2.T)})
npz("gap.npz", {"w1": W1, "w3": W2})
npz("orphan.npz", {"w1": W1, "b2": B2})
nnet("tiny.nnet")
save_onnx("tiny.onnx")

# what the tests compare with
x = np.array([0.5, -1.25, 2.0])
print("W1", W1.tolist(), "B1", B1.tolist())
print("W2", W2.tolist(), "B2", B2.tolist())
print("without biases", (W2 @ np.maximum(W1 @ x, 0)).tolist())
print("with biases", (W2 @ np.maximum(W1 @ x + B1, 0) + B2).tolist())
z = (x - np.array([0.5, 0.25, 0])) / np.array([2, 4, 8])
print(".nnet in physical units", ((W2 @ np.maximum(W1 @ z + B1, 0) + B2) * 16 + 10).tolist())
