"""ONNX graphs with the signatures of LaMa and of MI-GAN's pipeline, whose answers are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WHITE_LAMA, WHITE_BYTES = 255.0, 255


def lama(file: Path, *, side: int | None = 512, white: float = WHITE_LAMA) -> Path:
    """Fills the hole with the mean colour of what is kept; gives back the kept pixels.

    Args:
        side: of the pictures; None for any size.
        white: what stands for white in the answer.
    """
    sides = [side or "height", side or "width"]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, *sides])
    mask = helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1, 1, *sides])
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 3, *sides])
    nodes = [
        helper.make_node("Sub", ["one", "mask"], ["kept"]),
        helper.make_node("Mul", ["image", "kept"], ["seen"]),
        helper.make_node("ReduceSum", ["seen", "sides"], ["total"]),
        helper.make_node("ReduceSum", ["kept", "sides"], ["number"]),
        helper.make_node("Div", ["total", "number"], ["mean"]),
        helper.make_node("Mul", ["mean", "mask"], ["fill"]),
        helper.make_node("Add", ["seen", "fill"], ["whole"]),
        helper.make_node("Mul", ["whole", "white"], ["output"]),
    ]
    constants = {
        "one": np.float32(1),
        "white": np.float32(white),
        "sides": np.array([2, 3], np.int64),
    }
    return _saved(file, nodes, [image, mask], [output], constants)


def migan(file: Path) -> Path:
    """Paints the hole red, where the mask is 0; any size, in bytes."""
    sides = ["height", "width"]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, [1, 3, *sides])
    mask = helper.make_tensor_value_info("mask", TensorProto.UINT8, [1, 1, *sides])
    result = helper.make_tensor_value_info("result", TensorProto.UINT8, [1, 3, *sides])
    nodes = [
        helper.make_node("Equal", ["mask", "zero"], ["hole"]),
        helper.make_node("Where", ["hole", "red", "image"], ["result"]),
    ]
    red = np.array([255, 0, 0], np.uint8).reshape(1, 3, 1, 1)
    return _saved(file, nodes, [image, mask], [result], {"zero": np.uint8(0), "red": red})


def classifier(file: Path) -> Path:
    """No inpainting network: one picture in, one number out."""
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 8, 8])
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 3, 1, 1])
    node = helper.make_node("GlobalAveragePool", ["image"], ["output"])
    return _saved(file, [node], [image], [output], {})


def _saved(file: Path, nodes: list, inputs: list, outputs: list, constants: dict) -> Path:
    weights = [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()]
    graph = helper.make_graph(nodes, file.stem, inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9  # what the runtimes of the last years read
    onnx.checker.check_model(model)
    onnx.save(model, file)
    return file
