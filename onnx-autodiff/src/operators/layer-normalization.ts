import { unbroadcast } from "../gradient/broadcast.js";
import type { GradientContext } from "../gradient/gradient-context.js";
import type { InferenceContext } from "../graph/inference-context.js";
import type { Dim, TensorType } from "../graph/tensor-type.js";
import { normalizationGradient, type Normalized } from "./normalization.js";
import type { Operator } from "./operator.js";

/** Normalization over all axes from `axis` on; the train graph keeps each mean and inverse deviation. */
export const layerNormalization: Operator = {
  type: "LayerNormalization",
  unchangedSince: 17,
  infer: (context) => [context.type(0), statistics(context), statistics(context)],

  trainingForm({ node }) {
    const [output = "", mean = "", inverse = ""] = node.outputs;
    return [{ ...node, outputs: [output, mean || `${output}/mean`, inverse || `${output}/inverse`] }];
  },

  gradient(context) {
    const { graph } = context;
    const [scale, dy] = [context.input(1), context.outputGradient()];
    const axes = normalizedAxes(context.inference);
    const normalized = normalizedInput(context);
    const dx = (): string =>
      normalizationGradient(graph, graph.op("Mul", [dy, scale]), { ...normalized, axes });
    return [
      context.needs(0) ? dx() : undefined,
      context.needs(1) ? unbroadcast(graph, graph.op("Mul", [dy, normalized.value]), scale) : undefined,
      context.needs(2) ? unbroadcast(graph, dy, context.input(2)) : undefined,
    ];
  },
};

function normalizedInput(context: GradientContext): Normalized {
  const { graph, node } = context;
  const [, mean = "", inverseDeviation = ""] = node.outputs;
  const centred = graph.op("Sub", [context.input(0), mean]);
  return { value: graph.op("Mul", [centred, inverseDeviation]), inverseDeviation };
}

function normalizedAxes(context: InferenceContext): readonly number[] {
  const rank = context.shape(0)?.length;
  if (rank === undefined) {
    return context.fail("ONNX_INVALID_GRAPH", "the rank of its input is unknown", "declare it");
  }
  const first = context.axis(context.int("axis", -1), rank);
  return Array.from({ length: rank - first }, (_, index) => first + index);
}

function statistics(context: InferenceContext): TensorType | undefined {
  const type = context.type(0);
  if (type?.shape === undefined) return type;
  const axes = normalizedAxes(context);
  return { ...type, shape: type.shape.map((dim, axis): Dim => (axes.includes(axis) ? 1 : dim)) };
}
