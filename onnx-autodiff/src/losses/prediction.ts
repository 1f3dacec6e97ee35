import { FedgeError } from "@fedge/protocol";
import type { GraphBuilder } from "../builder/graph-builder.js";
import { describeNode } from "../graph/node.js";
import { intAttribute } from "../onnx/attributes.js";
import { isDifferentiable } from "../onnx/element-type.js";
import type { Loss } from "./loss.js";

/**
 * The value that a loss is taken of: the model's output, or the input of the final Softmax, LogSoftmax or Sigmoid
 * that the loss itself contains.
 *
 * Throws `ONNX_INVALID_GRAPH` when the output is no floating point tensor of known rank, and when a final Softmax
 * does not run over the last axis.
 */
export function findPrediction(graph: GraphBuilder, loss: Loss, output: string): string {
  const producer = graph.producerOf(output);
  if (producer?.opType === "Identity") return findPrediction(graph, loss, producer.inputs[0] ?? "");
  const { elementType } = graph.requireType(output);
  const rank = graph.requireShape(output).length;
  if (!isDifferentiable(elementType) || (loss.kind === "softmax-cross-entropy" && rank < 2)) {
    throw new FedgeError(
      "ONNX_INVALID_GRAPH",
      `output "${output}" is ${elementType} of rank ${rank}; ${loss.kind} needs a floating point output with a batch axis`,
    );
  }
  if (producer === undefined || !loss.absorbs.includes(producer.opType)) return output;
  const axis = intAttribute(producer, "axis", -1);
  if (producer.opType !== "Sigmoid" && axis !== -1 && axis !== rank - 1) {
    throw new FedgeError(
      "ONNX_INVALID_GRAPH",
      `${describeNode(producer)} runs over axis ${axis}; ${loss.kind} needs the classes on the last axis, transpose them`,
    );
  }
  return producer.inputs[0] ?? output;
}
