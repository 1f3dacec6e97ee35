import { FedgeError } from "@fedge/protocol";
import { GraphBuilder } from "../builder/graph-builder.js";
import type { CheckedLoss, Loss, LossValues } from "../losses/loss.js";
import { findPrediction } from "../losses/prediction.js";
import { loadForward, type ForwardForm } from "../model/load-forward.js";
import { MIN_OPSET, valueNamesOf, type ModelGraph } from "../model/model-graph.js";
import type { GraphProto, NodeProto } from "../onnx/proto.js";
import { encodeModel } from "../onnx/model.js";
import { OPERATORS } from "../operators/registry.js";
import { commuteRelu } from "./commute-relu.js";
import { DROPOUT_SEED } from "../operators/random-numbers.js";
import { TARGET } from "./reserved-names.js";

/** IR version that belongs to opset 16. */
const MIN_IR_VERSION = 8;

/** A model's forward pass in a builder that is ready to take more. */
export interface ForwardPass {
  readonly builder: GraphBuilder;
  readonly nodes: readonly NodeProto[];
}

/** How to begin a graph. */
export interface ForwardPassOptions {
  readonly form: ForwardForm;
  /** Initializers that become inputs: parameters and running statistics. */
  readonly inputs?: readonly string[];
  readonly drawsRandomNumbers?: boolean;
}

export function startForwardPass(graph: ModelGraph, options: ForwardPassOptions): ForwardPass {
  const opset = Math.max(graph.opset, MIN_OPSET);
  const builder = new GraphBuilder({ opset, operators: OPERATORS, reservedNames: valueNamesOf(graph) });
  if (options.drawsRandomNumbers === true) builder.input(DROPOUT_SEED, "float32", []);
  const parameters = new Set(options.inputs ?? []);
  const outputs = graph.outputs.map((output) => output.name);
  const source = options.form === "training" ? { ...graph, nodes: commuteRelu(graph.nodes, outputs) } : graph;
  return { builder, nodes: loadForward(builder, source, { parameters, form: options.form }) };
}

/** Name of the output that the loss is taken of. Throws `ONNX_OPTION_INVALID` if the model has no such output. */
export function chooseOutput(graph: ModelGraph, wanted: string | undefined): string {
  const names = graph.outputs.map((output) => output.name);
  const name = wanted ?? names[0];
  if (name !== undefined && names.includes(name)) return name;
  throw new FedgeError(
    "ONNX_OPTION_INVALID",
    `option "output": the model has no output "${wanted}"; use ${names.join(", ")}`,
  );
}

/** Adds the target input and the loss of an output. */
export function attachLoss(
  builder: GraphBuilder,
  options: { readonly loss: Loss; readonly lossOptions: CheckedLoss; readonly output: string },
): { readonly prediction: string; readonly values: LossValues } {
  const { loss, lossOptions } = options;
  const prediction = findPrediction(builder, loss, options.output);
  const type = loss.targetType(builder.requireType(prediction), lossOptions.target);
  requireWeightPerClass(builder, prediction, lossOptions);
  const target = builder.input(TARGET, type.elementType, type.shape);
  return { prediction, values: loss.build({ graph: builder, prediction, target, options: lossOptions }) };
}

function requireWeightPerClass(builder: GraphBuilder, prediction: string, { weights }: CheckedLoss): void {
  const classes = builder.requireShape(prediction).at(-1);
  if (weights === undefined || typeof classes !== "number" || weights.length === classes) return;
  throw new FedgeError(
    "ONNX_OPTION_INVALID",
    `option "loss.weights": ${weights.length} weights for ${classes} classes; give one for each class`,
  );
}

/** Bytes of a model around one finished graph. */
export function packModel(source: ModelGraph, graph: GraphProto): Uint8Array<ArrayBuffer> {
  return encodeModel({
    irVersion: Math.max(source.irVersion, MIN_IR_VERSION),
    producerName: "fedge",
    producerVersion: "",
    domain: "",
    modelVersion: undefined,
    docString: "",
    graph,
    opsetImports: [{ domain: "", version: Math.max(source.opset, MIN_OPSET), unknownFields: [] }],
    metadata: [],
    unknownFields: [],
  });
}
