import { expandReduced } from "../gradient/expand-reduced.js";
import { newNode } from "../graph/node.js";
import { reduced } from "../graph/shapes.js";
import { intsAttribute } from "../onnx/attributes.js";
import type { Operator } from "./operator.js";

export const reduceSum: Operator = {
  type: "ReduceSum",
  unchangedSince: 13,
  differentiableInputs: [0],
  infer: reduced,
  gradient: (context) => [expandReduced(context, context.outputGradient())],

  /** Before opset 13 the axes were an attribute. */
  upgrade(context) {
    const { node } = context;
    const axes = intsAttribute(node, "axes");
    const [input, output] = [node.inputs[0] ?? "", node.outputs[0] ?? ""];
    const attributes = { keepdims: context.int("keepdims", 1) };
    const rest = { type: "ReduceSum", outputs: [output], attributes, name: node.name };
    if (axes === undefined) return [newNode({ ...rest, inputs: [input] })];
    return [
      newNode({
        type: "Constant",
        inputs: [],
        outputs: [`${output}/axes`],
        attributes: { value_ints: axes },
      }),
      newNode({ ...rest, inputs: [input, `${output}/axes`] }),
    ];
  },
};
