#!/usr/bin/env python3
"""Compares GeoLIP's reading of ONNX models with ONNX Runtime: the same outputs at random inputs.

usage: compare_onnxruntime.py GEOLIP [MODEL.onnx ...]

Makes a model of every operator that is read, in many variants, and random graphs of maxima and minima, in float32 and
the other types that ONNX Runtime takes, and adds those of tests/data, of the command line and of the folder
$GEOLIP_SHARED/networks. Each goes through `geolip export` and is evaluated by the script of docs/network-file.md, so
that none of GeoLIP's own arithmetic is believed. Ends with code 77 (skipped) where onnx or onnxruntime (PyPI) are
missing.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import network_file
    import numpy as np
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper
except ImportError as missing:
    print(f"skipped: {missing}; pip install onnx onnxruntime")
    sys.exit(77)

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}
INPUTS = 3


def model(shape, nodes, constants=(), opset=17):
    """A model from x of this shape to y."""
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def node(op, inputs, outputs=("y",), **attributes):
    return helper.make_node(op, list(inputs), list(outputs), **attributes)


def weights(rng, *shape):
    return rng.standard_normal(shape).astype(np.float32)


def made_models():
    """Pairs of a name and a model."""
    rng = np.random.default_rng(0)
    ways = [
        dict(kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1], dilations=[1, 1]),
        dict(kernel_shape=[2, 3], strides=[2, 1], pads=[0, 1, 1, 0], dilations=[1, 1]),
        dict(kernel_shape=[2, 2], strides=[1, 2], pads=[0, 0, 0, 0], dilations=[3, 2]),
        dict(kernel_shape=[3, 2], strides=[3, 2], pads=[1, 0, 1, 1], dilations=[1, 1]),
    ]
    for i, way in enumerate(ways):
        for groups in (1, 2):
            k = way["kernel_shape"]
            w = weights(rng, 6, 4 // groups, *k)
            b = weights(rng, 6)
            yield f"conv {i} {groups}", model([1, 4, 7, 8], [node("Conv", "xwb", group=groups, **way)], [("w", w), ("b", b)])
            t = weights(rng, 4, 6 // groups, *k)
            extra = [s - 1 for s in way["strides"]]
            yield f"transposed {i} {groups}", model(
                [1, 4, 5, 6], [node("ConvTranspose", "xwb", group=groups, output_padding=extra, **way)], [("w", t), ("b", b)])
        for ceil in (0, 1):
            yield f"max {i} {ceil}", model([1, 3, 7, 8], [node("MaxPool", "x", ceil_mode=ceil, **way)])
            for include in (0, 1):
                if ceil and include:
                    continue
                yield f"mean {i} {ceil} {include}", model(
                    [1, 3, 7, 8], [node("AveragePool", "x", ceil_mode=ceil, count_include_pad=include, **way)], opset=19)
    for how in ("SAME_UPPER", "SAME_LOWER", "VALID"):
        for stride in (1, 2, 3):
            w = weights(rng, 2, 2, 3, 2)
            yield f"{how} {stride}", model(
                [1, 2, 7, 8], [node("Conv", "xw", auto_pad=how, strides=[stride, stride])], [("w", w)])
    yield "conv 1-D", model([1, 3, 9], [node("Conv", "xw", pads=[1, 2], strides=[2], dilations=[2])], [("w", weights(rng, 4, 3, 3))])
    yield "pool 1-D", model([1, 3, 9], [node("MaxPool", "x", kernel_shape=[4], strides=[3], pads=[1, 1])])
    yield "global mean", model([1, 3, 4, 5], [node("GlobalAveragePool", "x")])
    yield "global max", model([1, 3, 4, 5], [node("GlobalMaxPool", "x")])
    for keep in (0, 1):
        yield f"mean over axes {keep}", model([1, 3, 4, 5], [node("ReduceMean", "x", axes=[1, -1], keepdims=keep)])
        yield f"mean over a list {keep}", model([1, 3, 4, 5], [node("ReduceMean", "xa", keepdims=keep)], [("a", np.array([2]))], 18)
        yield f"sum over a list {keep}", model([1, 3, 4, 5], [node("ReduceSum", "xa", keepdims=keep)], [("a", np.array([2, -1]))])
        yield f"sum over axes {keep}", model([1, 3, 4, 5], [node("ReduceSum", "x", axes=[1, -1], keepdims=keep)], opset=11)
    for mode in ("DCR", "CRD"):
        yield f"DepthToSpace {mode}", model([1, 12, 2, 3], [node("DepthToSpace", "x", blocksize=2, mode=mode)])
    for op in ("HardSwish", "Mish", "Celu", "Softsign"):
        yield op, model([1, 40], [node("Mul", "xc", ["m"]), node(op, "m")], [("c", np.float32(4.0))], 18)
    yield "Celu of another alpha", model([1, 40], [node("Celu", "x", alpha=0.3)])
    yield "mean of all", model([1, 3, 4], [node("ReduceMean", "x")])
    for op in ("Max", "Min"):
        yield f"{op} of tensors and constants", model(
            [1, 2, 3], [node("Neg", "x", ["n"]), node("Reshape", "xs", ["r"]), node(op, "rncxd")],
            [("s", np.array([2, 1, 3])), ("c", np.float32(0.1)), ("d", weights(rng, 3))])
        yield f"{op} of one and a constant", model([1, 2, 3], [node(op, "cx")], [("c", weights(rng, 2, 1))])
        yield f"{op} of one", model([1, 3], [node(op, "x", ["z"]), node("Neg", "z")])
        yield f"{op} of version 6", model([1, 3], [node("Neg", "x", ["n"]), node(op, "xn")], opset=7)
        for keep in (0, 1):
            yield f"Reduce{op} {keep}", model([1, 3, 4, 5], [node(f"Reduce{op}", "x", axes=[1, -1], keepdims=keep)])
            yield f"Reduce{op} over a list {keep}", model(
                [1, 3, 4, 5], [node(f"Reduce{op}", "xa", keepdims=keep)], [("a", np.array([2]))], 18)
        yield f"Reduce{op} of all", model([1, 3, 5], [node(f"Reduce{op}", "x")])
    for k in (1, 2, 5, 7):
        for largest in (0, 1):
            yield f"TopK {k} {largest}", model(
                [1, 2, 7, 3], [node("TopK", "xk", ["y", "i"], axis=2, largest=largest)], [("k", np.array([k]))])
    yield "TopK of version 10", model([1, 2, 9], [node("TopK", "xk", ["y", "i"])], [("k", np.array([4]))], 10)
    yield "TopK of version 1", model([1, 2, 9], [node("TopK", "x", ["y", "i"], k=4)], opset=9)
    yield "absolute value", model([1, 5], [node("Abs", "x")])
    yield "leaky ReLU of slope -1", model([1, 5], [node("LeakyRelu", "x", alpha=-1.0)])
    pairs, flat, two = ("g", np.array([1, 3, 2])), ("f", np.array([1, 6])), ("k", np.array([2]))
    sizes = ("s", np.array([3, 3]))
    yield "MaxMin by halves", model(
        [1, 6], [node("Split", "xs", ["a", "b"], axis=1), node("Max", "ab", ["c"]), node("Min", "ba", ["d"]),
                 node("Concat", "dc", axis=1)], [sizes])
    yield "MaxMin by reductions", model(
        [1, 6], [node("Reshape", "xg", ["a"]), node("ReduceMax", "a", ["b"], axes=[2]), node("ReduceMin", "a", ["c"], axes=[2]),
                 node("Concat", "bc", ["d"], axis=2), node("Reshape", "df")], [pairs, flat])
    yield "MaxMin by sorting", model(
        [1, 6], [node("Reshape", "xg", ["a"]), node("TopK", "ak", ["b", "i"]), node("Reshape", "bf")], [pairs, flat, two])
    normal = [(n, np.abs(weights(rng, 3)) + np.float32(0.1)) for n in "sbmv"]
    yield "batch normalisation", model([1, 3, 4, 5], [node("BatchNormalization", ["x", "s", "b", "m", "v"])], normal)
    joins = [node("Relu", "x", ["r"]), node("Neg", "x", ["n"])]
    for axis in (1, 2, 3):
        yield f"concat {axis}", model([1, 2, 3, 4], joins + [node("Concat", "rn", axis=axis)])
    for shape, name in (([1, 4, 3], "sequence"), ([1, 2, 4, 3], "grid")):
        yield f"product on a {name}", model(shape, [node("MatMul", "xw", ["h"]), node("Add", "hb", ["a"]), node("Relu", "a")],
                                            [("w", weights(rng, 3, 5)), ("b", weights(rng, 5))])
        yield f"product with a vector on a {name}", model(shape, [node("MatMul", "xw")], [("w", weights(rng, 3))])
        yield f"product from the left on a {name}", model(shape, [node("MatMul", "wx", ["h"]), node("Relu", "h")],
                                                          [("w", weights(rng, 5, 4))])
        yield f"vector from the left on a {name}", model(shape, [node("MatMul", "wx")], [("w", weights(rng, 4))])
    yield "residual", model([1, 4], joins + [node("Add", "rn", ["a"]), node("Sub", "ax")])
    yield "broadcast", model([1, 2, 1, 3], [node("Reshape", "xs", ["r"]), node("Add", "xr")], [("s", np.array([1, 1, 2, 3]))])
    yield "split", model([1, 6], [node("Split", "xs", ["a", "b", "c"], axis=1), node("Add", "ac", ["d"]), node("Concat", "db", axis=1)],
                         [("s", np.array([2, 2, 2]))])
    yield "split by number", model([1, 6], [node("Split", "x", ["a", "b"], axis=-1, num_outputs=2), node("Sub", "ab")], opset=18)
    yield "slice", model([1, 3, 6], [node("Slice", "xseat")],
                         [("s", np.array([4, 0])), ("e", np.array([-9, 2])), ("a", np.array([2, 1])), ("t", np.array([-2, 1]))])
    yield "gather", model([1, 3, 4], [node("Gather", "xi", axis=2)], [("i", np.array([3, 0, 0]))])
    yield "pad", model([1, 2, 3], [node("Pad", "xpv")], [("p", np.array([0, 1, 2, 0, 0, -1])), ("v", np.float32(3))])
    yield "pad axes", model([1, 2, 3], [node("Pad", ["x", "p", "", "a"])], [("p", np.array([1, 2])), ("a", np.array([-1]))], 18)
    for transformation, nearest in (("asymmetric", "floor"), ("half_pixel", "round_prefer_floor"),
                                    ("half_pixel", "round_prefer_ceil"), ("pytorch_half_pixel", "round_prefer_floor")):
        yield f"resize {transformation} {nearest}", model(
            [1, 2, 3, 4], [node("Resize", ["x", "", "s"], mode="nearest", coordinate_transformation_mode=transformation,
                                nearest_mode=nearest)], [("s", np.array([1, 1, 2, 3], dtype=np.float32))])
    yield "resize to sizes", model(
        [1, 2, 3, 4], [node("Resize", ["x", "", "", "s"], mode="nearest", coordinate_transformation_mode="asymmetric",
                            nearest_mode="floor")], [("s", np.array([1, 2, 9, 8]))])
    for where in ("half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"):
        for sizes in ([1, 2, 6, 8], [1, 2, 7, 4], [1, 2, 5, 9], [1, 2, 1, 4], [1, 2, 2, 2]):
            yield f"interpolation {where} {sizes}", model(
                [1, 2, 3, 4], [node("Resize", ["x", "", "", "s"], mode="linear", coordinate_transformation_mode=where)],
                [("s", np.array(sizes))], 18)
        yield f"interpolation by scales {where}", model(
            [1, 2, 3, 4], [node("Resize", ["x", "", "s"], mode="linear", coordinate_transformation_mode=where)],
            [("s", np.array([1, 1, 2, 4], dtype=np.float32))], 18)
    yield "upsample", model([1, 2, 3, 4], [node("Upsample", "xs", mode="nearest")], [("s", np.array([1, 1, 3, 2], dtype=np.float32))], 9)
    yield "image with channels last", model(
        [1, 5, 6, 2], [node("Transpose", "x", ["t"], perm=[0, 3, 1, 2]), node("Conv", "tw", ["c"]),
                       node("MaxPool", "c", ["p"], kernel_shape=[2, 2]), node("Transpose", "p", ["q"], perm=[0, 2, 3, 1]),
                       node("Add", "qb", ["z"]), node("Flatten", "z")],
        [("w", weights(rng, 3, 2, 2, 2)), ("b", weights(rng, 3))])
    yield "silu beside a skip", model([1, 4], [node("Sigmoid", "x", ["s"]), node("Mul", "xs", ["m"]), node("Add", "mx")])


def random_maxima(count):
    """Pairs of a name and a model: random graphs of maxima and minima, which share the neurons of the same pairs."""
    rng = np.random.default_rng(2)
    constants = [("all", np.array([6])), ("halves", np.array([3, 3])), ("pairs", np.array([1, 3, 2])), ("flat", np.array([1, 6]))]
    for number in range(count):
        nodes, chosen, tensors = [], list(constants), ["x"]
        for k in range(rng.integers(3, 10)):
            a, b = rng.choice(tensors, 2)
            name, parts = f"t{k}", [f"p{k}", f"q{k}", f"r{k}"]
            match rng.integers(8):
                case 0 | 1:
                    chosen.append((f"c{k}", weights(rng, 6)))
                    operands = rng.permutation([a, b, rng.choice([*tensors, f"c{k}"])])
                    nodes.append(node(rng.choice(["Max", "Min"]), operands, [name]))
                case 2:
                    nodes.append(node(rng.choice(["Add", "Sub"]), [a, b], [name]))
                case 3:
                    nodes.append(node(rng.choice(["Neg", "Relu", "Abs"]), [a], [name]))
                case 4:
                    chosen.append((f"c{k}", rng.integers(0, 6, 6)))
                    nodes.append(node("Gather", [a, f"c{k}"], [name], axis=1))
                case 5:
                    nodes += [node("Split", [a, "halves"], parts[:2], axis=1), node("Max", parts[:2], [f"u{k}"]),
                              node("Min", parts[1::-1], [f"v{k}"]), node("Concat", [f"u{k}", f"v{k}"], [name], axis=1)]
                case 6:
                    nodes.append(node("TopK", [a, "all"], [name, parts[0]], axis=1, largest=int(rng.integers(2))))
                case 7:
                    op = rng.choice(["ReduceMax", "ReduceMin"])
                    nodes += [node("Reshape", [a, "pairs"], parts[:1]), node(op, parts[:1], parts[1:2], axes=[2]),
                              node("Concat", [parts[1], parts[1]], parts[2:], axis=2), node("Reshape", [parts[2], "flat"], [name])]
            tensors.append(name)
        # the input beside the last tensor, of which everything may have cancelled
        nodes.append(node("Concat", [tensors[-1], "x"], axis=1))
        yield f"maxima {number}", model([1, 6], nodes, chosen)


def in_float64(proto):
    """The model with float64 in place of float32, in tensors, casts and constants."""
    double = onnx.ModelProto()
    double.CopyFrom(proto)
    for tensor in double.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float64), tensor.name))
    for value in (*double.graph.input, *double.graph.output):
        value.type.tensor_type.elem_type = TensorProto.DOUBLE
    return double


def found_models(arguments):
    paths = [*map(pathlib.Path, arguments), *sorted(pathlib.Path(__file__).parent.parent.joinpath("data").rglob("*.onnx"))]
    shared = os.environ.get("GEOLIP_SHARED")
    if shared:
        paths += sorted(pathlib.Path(shared, "networks").rglob("*.onnx"))
    for path in paths:
        yield str(path), onnx.load(str(path))


def input_of(proto):
    initialisers = {t.name for t in proto.graph.initializer}
    value = next(v for v in proto.graph.input if v.name not in initialisers)
    dims = [d.dim_value for d in value.type.tensor_type.shape.dim]
    if len(dims) > 1 and dims[0] < 1:
        dims[0] = 1
    number = np.float64 if value.type.tensor_type.elem_type == TensorProto.DOUBLE else np.float32
    return value.name, dims, number


def softmax_is_last(proto):
    return any(n.op_type in ("Softmax", "LogSoftmax") for n in proto.graph.node)


def session_of(path, number):
    """ONNX Runtime's own; None where it has an operator for float32 alone."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    errors = onnxruntime.capi.onnxruntime_pybind11_state
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except (errors.NotImplemented, errors.InvalidGraph):
        if number is np.float32:
            raise
        return None


def difference(name, proto, geolip, folder, rng):
    """The largest relative difference at random inputs, None without a session, or what is at fault."""
    path = pathlib.Path(name)
    if not path.is_file():
        path = pathlib.Path(folder, "model.onnx")
        path.write_bytes(proto.SerializeToString())
    input_name, dims, number = input_of(proto)
    session = session_of(path, number)
    if session is None:
        return None
    target = pathlib.Path(folder, "network.npz")
    run = subprocess.run([geolip, "export", str(path), str(target), "--logits"], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        return f"refused: {run.stderr.strip()}"
    worst = 0.0
    for _ in range(INPUTS):
        x = rng.uniform(-1, 1, dims).astype(number)
        ours = network_file.evaluate(str(target), x.ravel().astype(np.float64))
        theirs = np.asarray(session.run(None, {input_name: x})[0], dtype=float).ravel()
        if softmax_is_last(proto):
            ours = np.exp(ours - ours.max()) / np.exp(ours - ours.max()).sum()
        if ours.shape != theirs.shape:
            return f"{ours.size} outputs where ONNX Runtime has {theirs.size}"
        worst = max(worst, np.abs(ours - theirs).max() / max(1e-30, np.abs(theirs).max()))
    if not worst <= TOLERANCE[number]:
        return f"differs by {worst:.1e}"
    return worst


def main():
    geolip = sys.argv[1]
    rng = np.random.default_rng(1)
    failures = 0
    worst = {np.float32: [], np.float64: []}
    with tempfile.TemporaryDirectory() as folder:
        made = [*made_models(), *random_maxima(60)]
        # ONNX Runtime's HardSwish has the factor 1/6 in float32 whatever the type
        doubles = ((name + " in float64", in_float64(proto)) for name, proto in made if name != "HardSwish")
        for models in (made, doubles, found_models(sys.argv[2:])):
            for name, proto in models:
                result = difference(name, proto, geolip, folder, rng)
                if isinstance(result, str):
                    failures += 1
                    print(f"{name}: {result}")
                elif result is not None:
                    worst[input_of(proto)[2]].append(result)
    for number, differences in worst.items():
        print(f"{len(differences)} models in {number.__name__} differ from ONNX Runtime {onnxruntime.__version__} "
              f"by at most {max(differences):.1e}")
    print(f"{failures} models differ by more or are refused")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
