import { reshapeLike } from "../gradient/broadcast.js";
import type { InferenceContext } from "../graph/inference-context.js";
import { newNode } from "../graph/node.js";
import type { Operator } from "./operator.js";

export const squeeze: Operator = {
  type: "Squeeze",
  unchangedSince: 13,
  differentiableInputs: [0],

  infer(context) {
    const type = context.type(0);
    if (type?.shape === undefined) return [type];
    const { shape } = type;
    const hasAxes = context.inputName(1) !== undefined;
    const axes = context.contents(1)?.map((axis) => context.axis(Number(axis), shape.length));
    if (hasAxes && axes === undefined) return [{ ...type, shape: undefined }];
    return [
      {
        ...type,
        shape: shape.filter((dim, index) => (axes === undefined ? dim !== 1 : !axes.includes(index))),
      },
    ];
  },

  contents: (context) => context.contents(0),
  gradient: (context) => [reshapeLike(context.graph, context.outputGradient(), context.input(0))],
  upgrade: (context) => upgradeAxes(context),
};

/** Before opset 13 the axes of Squeeze and Unsqueeze were an attribute. */
export function upgradeAxes(context: InferenceContext): readonly ReturnType<typeof newNode>[] {
  const { node } = context;
  const axes = context.ints("axes");
  const [input, output] = [node.inputs[0] ?? "", node.outputs[0] ?? ""];
  const rest = { type: node.opType, outputs: [output], name: node.name };
  if (axes === undefined) return [newNode({ ...rest, inputs: [input] })];
  return [
    newNode({ type: "Constant", inputs: [], outputs: [`${output}/axes`], attributes: { value_ints: axes } }),
    newNode({ ...rest, inputs: [input, `${output}/axes`] }),
  ];
}
