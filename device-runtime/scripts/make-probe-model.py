"""Makes the model that a page measures its execution providers with: eight products of [128, 256] and [256, 256].

/usr/bin/python3 device-runtime/scripts/make-probe-model.py    (Debian: python3-onnx)
"""

import base64
from pathlib import Path

import onnx
from onnx import TensorProto, helper

nodes = []
given = "x"
for at in range(8):
    made = "y" if at == 7 else f"h{at}"
    nodes.append(helper.make_node("MatMul", [given, "w"], [made]))
    given = made
graph = helper.make_graph(
    nodes,
    "probe",
    [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [128, 256]),
        helper.make_tensor_value_info("w", TensorProto.FLOAT, [256, 256]),
    ],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [128, 256])],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
model.ir_version = 8
onnx.checker.check_model(model)
text = base64.b64encode(model.SerializeToString()).decode()
lines = [f'  "{text[at : at + 96]}",' for at in range(0, len(text), 96)]
target = Path(__file__).parent / "../src/browser/providers/probe-model.generated.ts"
target.parent.mkdir(exist_ok=True)
target.write_text(
    "/** Made by scripts/make-probe-model.py: eight products of `x` [128, 256] and `w` [256, 256], into `y`; base64. */\n"
    "export const PROBE_MODEL = [\n" + "\n".join(lines) + '\n].join("");\n'
)
