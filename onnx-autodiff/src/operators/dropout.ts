import type { InferenceContext } from "../graph/inference-context.js";
import { newNode } from "../graph/node.js";
import { dataTypeOf } from "../onnx/element-type.js";
import { float, type Attributes } from "../onnx/attributes.js";
import type { NodeProto } from "../onnx/proto.js";
import type { Operator } from "./operator.js";
import { randomNumbers, RANDOM_RANGE } from "./random-numbers.js";

/**
 * Sets elements to 0 with the probability `ratio` and scales the others by 1 / (1 - ratio), where the node is exported
 * in its training form; the identity elsewhere.
 *
 * In the train graph the mask follows from the state `dropout.seed` alone, so that a step can be repeated on any
 * runtime. Source: Srivastava et al. 2014, section 4, scaled at training time.
 */
export const dropout: Operator = {
  type: "Dropout",
  unchangedSince: 12,
  differentiableInputs: [0],

  infer(context) {
    const type = context.type(0);
    return [type, type && { elementType: "bool", shape: type.shape }];
  },

  /** Only a node in inference form is left when gradients are built. */
  gradient: (context) => [context.outputGradient()],
  drawsRandomNumbers: (context) => ratioOf(context) > 0,
  inferenceForm: (context) => identity(context.node),
  trainingForm: (context) => (ratioOf(context) > 0 ? masked(context) : identity(context.node)),
  upgrade: (context) => identity(context.node),
};

/** The probability of the training form; 0 in the inference form. Fails for what is computed at run time. */
function ratioOf(context: InferenceContext): number {
  if (context.inputName(2) === undefined) return 0;
  const isTraining = context.tensor(2)?.data[0];
  const ratio = context.inputName(1) === undefined ? 0.5 : context.tensor(1)?.data[0];
  if (isTraining === undefined || ratio === undefined) {
    return context.fail(
      "ONNX_UNSUPPORTED_OPERATOR",
      "its ratio or mode is computed at run time",
      "export the model with constants",
    );
  }
  return Number(isTraining) === 0 ? 0 : Number(ratio);
}

function identity(node: NodeProto): readonly NodeProto[] {
  const [output = "", mask] = node.outputs;
  if (mask !== undefined && mask !== "") return [{ ...node, inputs: node.inputs.slice(0, 1) }];
  return [newNode({ type: "Identity", inputs: node.inputs.slice(0, 1), outputs: [output], name: node.name })];
}

function masked(context: InferenceContext): readonly NodeProto[] {
  const { node } = context;
  const [output = "", mask] = node.outputs;
  const input = node.inputs[0] ?? "";
  const ratio = ratioOf(context);
  const name = (part: string): string => `${output}/${part}`;
  const kept = mask === undefined || mask === "" ? name("kept") : mask;
  const to = dataTypeOf(context.type(0)?.elementType ?? "float32");
  const step = (
    type: string,
    inputs: readonly string[],
    made: string,
    attributes: Attributes = {},
  ): NodeProto => newNode({ type, inputs, outputs: [made], attributes });
  const scale = ratio >= 1 ? 0 : 1 / (1 - ratio);
  return [
    ...randomNumbers({ like: input, prefix: `${output}/random`, output: name("number") }),
    step("Constant", [], name("threshold"), { value_int: Math.round((1 - ratio) * RANDOM_RANGE) }),
    step("Less", [name("number"), name("threshold")], kept),
    step("Cast", [kept], name("ones"), { to }),
    step("Constant", [], name("scale32"), { value_float: float(scale) }),
    step("Cast", [name("scale32")], name("scale"), { to }),
    step("Mul", [name("ones"), name("scale")], name("mask")),
    newNode({ type: "Mul", inputs: [input, name("mask")], outputs: [output], name: node.name }),
  ];
}
