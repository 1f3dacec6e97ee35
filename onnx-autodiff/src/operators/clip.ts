import type { InferenceContext } from "../graph/inference-context.js";
import { newNode } from "../graph/node.js";
import { sameAsInput } from "../graph/shapes.js";
import { floatAttribute } from "../onnx/attributes.js";
import type { NodeProto } from "../onnx/proto.js";
import { indicator } from "./fill.js";
import type { Operator } from "./operator.js";

/** Gradients pass where the input is within the bounds, the bounds included; the bounds themselves have none. */
export const clip: Operator = {
  type: "Clip",
  unchangedSince: 11,
  differentiableInputs: [0],
  infer: sameAsInput,

  gradient(context) {
    const { graph, inference } = context;
    const x = context.input(0);
    let gradient = context.outputGradient();
    const keepWhere = (test: "GreaterOrEqual" | "LessOrEqual", bound: string | undefined): void => {
      if (bound === undefined) return;
      const isInside = graph.op(test, [x, bound]);
      gradient = graph.op("Mul", [gradient, indicator(graph, isInside, x)]);
    };
    keepWhere("GreaterOrEqual", inference.inputName(1));
    keepWhere("LessOrEqual", inference.inputName(2));
    return [gradient];
  },

  upgrade: upgradeBounds,
};

/** Before opset 11 the bounds were attributes. */
function upgradeBounds(context: InferenceContext): readonly NodeProto[] {
  const { node } = context;
  const output = node.outputs[0] ?? "";
  const bound = (name: string): NodeProto =>
    newNode({
      type: "Constant",
      inputs: [],
      outputs: [`${output}/${name}`],
      attributes: { value_float: { float: floatAttribute(node, name, 0) } },
    });
  const given = ["min", "max"].filter((name) => node.attributes.some((attribute) => attribute.name === name));
  const inputOf = (name: string): string => (given.includes(name) ? `${output}/${name}` : "");
  const inputs = [node.inputs[0] ?? "", inputOf("min"), inputOf("max")];
  return [...given.map(bound), newNode({ type: "Clip", inputs, outputs: [output], name: node.name })];
}
