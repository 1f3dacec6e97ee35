import type { GradientContext } from "../gradient/gradient-context.js";
import { scatterSlices } from "../gradient/scatter.js";
import type { InferenceContext } from "../graph/inference-context.js";
import { newNode } from "../graph/node.js";
import { anonymousDim, type Dim, type TensorType } from "../graph/tensor-type.js";
import { floatAttribute } from "../onnx/attributes.js";
import type { NodeProto } from "../onnx/proto.js";
import type { Operator } from "./operator.js";

/** Borders of a constant, or of the input's own elements, which then get the borders' gradients as well. */
export const pad: Operator = {
  type: "Pad",
  unchangedSince: 11,
  differentiableInputs: [0],
  infer: padType,

  gradient: (context) => [
    context.inference.text("mode", "constant") === "constant" ? cropBack(context) : foldBack(context),
  ],

  upgrade: upgradePads,
};

/** Axes that are padded: all, or since opset 18 those of input 3. */
function paddedAxes(context: InferenceContext, rank: number): readonly number[] | undefined {
  if (context.inputName(3) === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  return context.contents(3)?.map((axis) => context.axis(Number(axis), rank));
}

function padType(context: InferenceContext): readonly (TensorType | undefined)[] {
  const type = context.type(0);
  if (type?.shape === undefined) return [type];
  const { shape } = type;
  const axes = paddedAxes(context, shape.length);
  const pads = context.contents(1);
  const grown = shape.map((dim, axis): Dim => {
    const position = axes?.indexOf(axis);
    if (position === -1) return dim;
    const both =
      position === undefined ? undefined : [pads?.[position], pads?.[position + (axes?.length ?? 0)]];
    const [before, after] = both ?? [];
    if (before === 0 && after === 0) return dim;
    const isKnown = typeof dim === "number" && typeof before === "number" && typeof after === "number";
    return isKnown ? dim + before + after : anonymousDim(context.node.outputs[0] ?? "", axis);
  });
  return [{ ...type, shape: grown }];
}

/** A Pad with the opposite widths: positive ones crop, negative ones (which cropped) fill with zeros. */
function cropBack(context: GradientContext): string {
  const { graph, inference } = context;
  const widths = inference.contents(1);
  const isKnown = widths?.every((width) => typeof width === "number") === true;
  const opposite = isKnown
    ? graph.constant(
        widths.map((width) => 0 - Number(width)),
        "int64",
      )
    : graph.op("Neg", [context.input(1)]);
  const axes = inference.inputName(3);
  const inputs = [context.outputGradient(), opposite];
  return graph.op("Pad", axes === undefined ? inputs : [...inputs, "", axes]);
}

/** Pads the indices of each axis as the input was padded, and adds each border's gradient where it came from. */
function foldBack(context: GradientContext): string {
  const { graph, inference } = context;
  const data = context.input(0);
  const rank = graph.requireShape(data).length;
  const axes = paddedAxes(inference, rank);
  if (axes === undefined) {
    return inference.fail(
      "ONNX_UNSUPPORTED_OPERATOR",
      "its axes are computed at run time",
      "make them constant",
    );
  }
  const mode = inference.text("mode", "constant");
  const widths = inference.contents(1);
  const partial = [data];
  const places = axes.map((axis, position) => {
    const pair = graph.op("Gather", [
      context.input(1),
      graph.constant([position, position + axes.length], "int64"),
    ]);
    const before = partial.at(-1) ?? "";
    const size = graph.op("Gather", [graph.op("Shape", [before]), graph.constant(axis, "int64")]);
    const all = graph.op("Range", [graph.constant(0, "int64"), size, graph.constant(1, "int64")]);
    const indices = graph.op("Pad", [all, pair], { mode });
    partial.push(graph.op("Gather", [before, indices], { axis }));
    return { axis, position, indices };
  });
  const isPadded = (position: number): boolean =>
    widths?.[position] !== 0 || widths[position + axes.length] !== 0;
  return places.reduceRight((gradient, { axis, position, indices }) => {
    if (!isPadded(position)) return gradient;
    return scatterSlices(graph, gradient, { like: partial[position] ?? "", axis, indices });
  }, context.outputGradient());
}

/** Before opset 11 widths and value were attributes. */
function upgradePads(context: InferenceContext): readonly NodeProto[] {
  const { node } = context;
  const output = node.outputs[0] ?? "";
  const constant = (name: string, attributes: Parameters<typeof newNode>[0]["attributes"]): NodeProto =>
    newNode({ type: "Constant", inputs: [], outputs: [`${output}/${name}`], attributes: attributes ?? {} });
  return [
    constant("pads", { value_ints: context.ints("pads") ?? [] }),
    constant("value", { value_float: { float: floatAttribute(node, "value", 0) } }),
    newNode({
      type: "Pad",
      inputs: [node.inputs[0] ?? "", `${output}/pads`, `${output}/value`],
      outputs: [output],
      attributes: { mode: context.text("mode", "constant") },
      name: node.name,
    }),
  ];
}
