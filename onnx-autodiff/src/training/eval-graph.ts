import type { CheckedLoss, Loss } from "../losses/loss.js";
import type { ModelGraph } from "../model/model-graph.js";
import type { GraphProto } from "../onnx/proto.js";
import { attachLoss, startForwardPass } from "./forward-pass.js";
import { COUNT, LOSS_SUM, WEIGHT_SUM } from "./reserved-names.js";

export interface EvalGraphOptions {
  readonly graph: ModelGraph;
  /** Initializers that become inputs. */
  readonly inputs: readonly string[];
  readonly loss: Loss;
  readonly lossOptions: CheckedLoss;
  readonly output: string;
}

/** Forward pass and sums that add up over batches and devices: loss, count, and the loss's metric. */
export function buildEvalGraph(options: EvalGraphOptions): GraphProto {
  const { builder } = startForwardPass(options.graph, { form: "inference", inputs: options.inputs });
  const { values } = attachLoss(builder, options);
  const { denominator } = values;
  const isWeighted = options.lossOptions.weights !== undefined && denominator !== undefined;
  return builder.build(`${options.graph.name}.eval`, [
    { name: LOSS_SUM, value: values.sum },
    { name: options.loss.metric, value: values.metric },
    { name: COUNT, value: values.count },
    ...(isWeighted ? [{ name: WEIGHT_SUM, value: denominator }] : []),
  ]);
}

/** The model itself with its parameters and running statistics as inputs. */
export function buildInferGraph(graph: ModelGraph, inputs: readonly string[]): GraphProto {
  const { builder } = startForwardPass(graph, { form: "inference", inputs });
  return builder.build(
    `${graph.name}.infer`,
    graph.outputs.map(({ name }) => ({ name })),
  );
}
