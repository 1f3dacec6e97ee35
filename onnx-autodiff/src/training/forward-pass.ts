import { FedgeError } from "@fedge/protocol";
import { GraphBuilder } from "../builder/graph-builder.js";
import type { Loss, LossValues, TargetFormat } from "../losses/loss.js";
import { findPrediction } from "../losses/prediction.js";
import { loadForward } from "../model/load-forward.js";
import { MIN_OPSET, valueNamesOf, type ModelGraph } from "../model/model-graph.js";
import type { GraphProto, NodeProto } from "../onnx/proto.js";
import { encodeModel } from "../onnx/model.js";
import { OPERATORS } from "../operators/registry.js";
import { TARGET } from "./reserved-names.js";

/** IR version that belongs to opset 13. */
const MIN_IR_VERSION = 7;

/** A model's forward pass in a builder that is ready to take more. */
export interface ForwardPass {
  readonly builder: GraphBuilder;
  readonly nodes: readonly NodeProto[];
}

export function startForwardPass(graph: ModelGraph, parameters: readonly string[]): ForwardPass {
  const opset = Math.max(graph.opset, MIN_OPSET);
  const builder = new GraphBuilder({ opset, operators: OPERATORS, reservedNames: valueNamesOf(graph) });
  return { builder, nodes: loadForward(builder, graph, new Set(parameters)) };
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
  options: { readonly loss: Loss; readonly targetFormat: TargetFormat; readonly output: string },
): { readonly prediction: string; readonly values: LossValues } {
  const { loss, targetFormat } = options;
  const prediction = findPrediction(builder, loss, options.output);
  const type = loss.targetType(builder.requireType(prediction), targetFormat);
  const target = builder.input(TARGET, type.elementType, type.shape);
  return { prediction, values: loss.build({ graph: builder, prediction, target, targetFormat }) };
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
