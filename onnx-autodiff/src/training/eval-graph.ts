import type { Loss, TargetFormat } from "../losses/loss.js";
import type { ModelGraph } from "../model/model-graph.js";
import type { GraphProto } from "../onnx/proto.js";
import { attachLoss, startForwardPass } from "./forward-pass.js";
import { COUNT, LOSS_SUM } from "./reserved-names.js";

export interface EvalGraphOptions {
  readonly graph: ModelGraph;
  readonly parameters: readonly string[];
  readonly loss: Loss;
  readonly targetFormat: TargetFormat;
  readonly output: string;
}

/** Forward pass and sums that add up over batches and devices: loss, count, and the loss's metric. */
export function buildEvalGraph(options: EvalGraphOptions): GraphProto {
  const { builder } = startForwardPass(options.graph, options.parameters);
  const { values } = attachLoss(builder, options);
  return builder.build(`${options.graph.name}.eval`, [
    { name: LOSS_SUM, value: values.sum },
    { name: options.loss.metric, value: values.metric },
    { name: COUNT, value: values.count },
  ]);
}

/** The model itself with its parameters as inputs. */
export function buildInferGraph(graph: ModelGraph, parameters: readonly string[]): GraphProto {
  const { builder } = startForwardPass(graph, parameters);
  return builder.build(
    `${graph.name}.infer`,
    graph.outputs.map(({ name }) => ({ name })),
  );
}
