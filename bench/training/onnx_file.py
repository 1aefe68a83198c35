"""Fully connected ReLU networks as ONNX files: Gemm and Relu nodes, a batch of rows as input."""

import os

import onnx
from onnx import TensorProto, helper, numpy_helper


def write_onnx(path, name, parameters, facts, producer):
    """`facts` (strings by name) become the model's metadata. An interrupted run leaves no half file at `path`."""
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
    model = helper.make_model(graph, producer_name=producer, opset_imports=opset, ir_version=7)
    helper.set_model_props(model, facts)
    onnx.checker.check_model(model)
    temporary = path.with_name(path.name + ".part")
    temporary.write_bytes(model.SerializeToString(deterministic=True))
    os.replace(temporary, path)


def read_onnx(path):
    """The parameters of a file that write_onnx wrote."""
    return [numpy_helper.to_array(tensor).copy() for tensor in onnx.load(path).graph.initializer]
