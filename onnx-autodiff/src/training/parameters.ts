import { FedgeError } from "@fedge/protocol";
import type { GraphBuilder } from "../builder/graph-builder.js";
import { influences } from "../gradient/backward.js";
import type { ModelGraph } from "../model/model-graph.js";
import type { TensorSpec } from "../model/tensor-spec.js";
import { elementTypeOf, isDifferentiable } from "../onnx/element-type.js";
import type { NodeProto } from "../onnx/proto.js";
import { decodeTensor } from "../onnx/tensor.js";
import { matchesPattern } from "./name-pattern.js";

/**
 * The initializers to train: floating point, reachable from the prediction, matching a pattern; in model order.
 *
 * Throws `ONNX_OPTION_INVALID` when none is left, or when they differ in element type.
 */
export function selectParameters(options: {
  readonly graph: ModelGraph;
  readonly builder: GraphBuilder;
  readonly nodes: readonly NodeProto[];
  readonly prediction: string;
  readonly patterns: readonly string[];
}): readonly TensorSpec[] {
  const reachable = influences(options.builder, options.nodes, options.prediction);
  const candidates = [...options.graph.initializers.values()].filter((tensor) => {
    const elementType = elementTypeOf(tensor.dataType);
    return elementType !== undefined && isDifferentiable(elementType) && reachable.has(tensor.name);
  });
  const chosen = candidates.filter(({ name }) =>
    options.patterns.some((pattern) => matchesPattern(name, pattern)),
  );
  if (chosen.length === 0) {
    fail(
      `no trainable initializer matches ${options.patterns.map((pattern) => `"${pattern}"`).join(", ")}`,
      `choose among: ${candidates.map((tensor) => tensor.name).join(", ") || "(the loss depends on none)"}`,
    );
  }
  if (new Set(chosen.map((tensor) => tensor.dataType)).size > 1) {
    fail("the trained parameters mix float32 and float64", "convert the model to one of them");
  }
  return chosen.map((tensor) => {
    const { shape, elementType, data } = decodeTensor(tensor);
    return { name: tensor.name, shape: [...shape], elementType, data: data.slice() };
  });
}

function fail(cause: string, remedy: string): never {
  throw new FedgeError("ONNX_OPTION_INVALID", `option "trainable": ${cause}; ${remedy}`, {
    details: { option: "trainable" },
  });
}
