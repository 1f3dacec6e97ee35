import type { GradientContext } from "../gradient/gradient-context.js";
import type { Dim } from "../graph/tensor-type.js";
import { anonymousDim, isStaticShape } from "../graph/tensor-type.js";
import type { Operator } from "./operator.js";

/** Inputs one after the other along the axis; each gets its part of the gradient. */
export const concat: Operator = {
  type: "Concat",
  unchangedSince: 4,

  infer(context) {
    const type = context.type(0);
    const shapes = context.node.inputs.map((_, index) => context.shape(index));
    if (type?.shape === undefined || shapes.includes(undefined))
      return [type && { ...type, shape: undefined }];
    const axis = context.axis(context.int("axis", 0), type.shape.length);
    const parts = shapes.map((shape) => shape?.[axis] ?? 0);
    const total = parts.reduce<Dim>(
      (sum, part) =>
        typeof sum === "number" && typeof part === "number"
          ? sum + part
          : anonymousDim(context.node.outputs[0] ?? "", axis),
      0,
    );
    return [{ ...type, shape: type.shape.map((dim, index) => (index === axis ? total : dim)) }];
  },

  contents(context) {
    if (context.int("axis", 0) !== 0) return undefined;
    const parts = context.node.inputs.map((_, index) => context.contents(index));
    return parts.includes(undefined) ? undefined : parts.flatMap((part) => part ?? []);
  },

  gradient(context) {
    const { graph, inference, node } = context;
    const axis = inference.axis(inference.int("axis", 0), graph.requireShape(context.output()).length);
    const sizes = node.inputs.map((input) => graph.requireShape(input)[axis] ?? 0);
    const dy = context.outputGradient();
    if (node.inputs.length === 1) return [dy];
    const lengths = isStaticShape(sizes)
      ? graph.constant(sizes, "int64")
      : graph.op(
          "Concat",
          node.inputs.map((input) => sizeAlong(context, input, axis)),
          { axis: 0 },
        );
    const parts = graph.ops("Split", [dy, lengths], { axis }, node.inputs.length);
    return parts.map((part, index) => (context.needs(index) ? part : undefined));
  },
};

function sizeAlong({ graph }: GradientContext, value: string, axis: number): string {
  return graph.op("Gather", [graph.op("Shape", [value]), graph.constant([axis], "int64")]);
}
