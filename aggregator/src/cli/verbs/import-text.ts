import {
  describeModel,
  type ModelDescription,
  type TrainingGraphs,
  type ValueSpec,
} from "@fedge/onnx-autodiff";
import type { VersionBody } from "../../http/schema/model-schema.js";
import type { TrainingCheck } from "../../model-check/prepared-model.js";
import { formatFields, formatTable, type TableColumn } from "../table.js";
import { bytesText, numberText } from "../text.js";

/** Batch that costs are stated for. */
const BATCH_SIZE = 32;

interface ParameterRow {
  readonly name: string;
  readonly shape: readonly number[];
  readonly isTrained: boolean;
}

/** What an import tells about a model. */
export interface ImportSummary {
  readonly opset: number;
  readonly inputs: readonly ValueSpec[];
  readonly outputs: readonly ValueSpec[];
  readonly target: ValueSpec;
  readonly loss: string;
  readonly parameters: readonly ParameterRow[];
  readonly numParameters: number;
  readonly numTrained: number;
  readonly operators: ModelDescription["operators"];
  readonly costs: {
    readonly batchSize: number;
    /** Approximate multiply-adds of inference for one example, and of a training step for the batch. */
    readonly inferMultiplyAdds: number;
    readonly stepMultiplyAdds: number;
    readonly parameterBytes: number;
    readonly stateBytes: number;
    /** All values of a training step that depend on the batch; runtimes reuse some of them. */
    readonly activationBytes: number;
  };
  readonly check?: TrainingCheck;
  /** Why devices cannot explain its predictions; null when they can. */
  readonly unexplained?: string | null;
  readonly version?: VersionBody;
}

/** A model and what a training step of it costs, by its shapes alone. */
export function describeImport(model: ModelDescription, graphs: TrainingGraphs): ImportSummary {
  const step = describeModel(graphs.train);
  const trained = new Set(graphs.parameters.map((tensor) => tensor.name));
  const bytesOf = (tensors: TrainingGraphs["parameters"]): number =>
    tensors.reduce((sum, { data }) => sum + data.byteLength, 0);
  return {
    opset: model.opset,
    ...{ inputs: model.inputs, outputs: model.outputs, target: graphs.loss.target, loss: graphs.loss.kind },
    parameters: model.parameters.map(({ name, shape }) => ({ name, shape, isTrained: trained.has(name) })),
    numParameters: model.numParameters,
    numTrained: graphs.parameters.reduce((sum, { data }) => sum + data.length, 0),
    operators: model.operators,
    costs: {
      batchSize: BATCH_SIZE,
      inferMultiplyAdds: model.multiplyAddsPerExample,
      stepMultiplyAdds: step.multiplyAddsPerExample * BATCH_SIZE,
      parameterBytes: bytesOf(graphs.parameters),
      stateBytes: bytesOf(graphs.state),
      activationBytes: step.activationBytesPerExample * BATCH_SIZE,
    },
  };
}

/** The summary for people. */
export function importText(summary: ImportSummary): string {
  const { costs, check, unexplained, version } = summary;
  const operators = summary.operators.map(
    ({ type, count, isDifferentiable }) => `${count} ${type}${isDifferentiable ? "" : " (no gradient)"}`,
  );
  const fields: (readonly [string, string])[] = [
    ["opset", String(summary.opset)],
    ["inputs", summary.inputs.map(valueText).join("; ")],
    ["outputs", summary.outputs.map(valueText).join("; ")],
    ["loss", `${summary.loss} of target ${valueText(summary.target)}`],
    ["operators", operators.join(", ")],
    [
      "parameters",
      `${summary.numParameters.toLocaleString("en")}, of which ${summary.numTrained.toLocaleString("en")} are trained`,
    ],
    ["inference", `${summary.costs.inferMultiplyAdds.toLocaleString("en")} multiply-adds an example`],
    [
      "training step",
      `${costs.stepMultiplyAdds.toLocaleString("en")} multiply-adds for ${costs.batchSize} examples`,
    ],
    [
      "memory",
      `${bytesText(costs.parameterBytes)} of trained parameters, ${bytesText(costs.stateBytes)} of state, ` +
        `up to ${bytesText(costs.activationBytes)} of activations for ${costs.batchSize} examples`,
    ],
  ];
  if (check !== undefined) fields.push(["checked", checkText(check)]);
  if (unexplained !== undefined)
    fields.push(["explanations", unexplained === null ? "gradient times input" : `none: ${unexplained}`]);
  const result =
    version === undefined ? "not imported" : `imported ${version.model} version ${version.version}`;
  return [formatTable(COLUMNS, summary.parameters), formatFields(fields), result].join("\n");
}

function checkText({ batchSize, loss, stepMs, memoryBytes }: TrainingCheck): string {
  return (
    `a step on ${batchSize} random examples: loss ${numberText(loss)}, ${stepMs.toFixed(1)} ms, ` +
    `${bytesText(memoryBytes)} of memory`
  );
}

function valueText({ name, elementType, shape }: ValueSpec): string {
  const dims = shape?.map((dim) => (dim === null ? "?" : String(dim))).join(", ");
  return `${name} ${elementType} ${dims === undefined ? "of unknown rank" : `[${dims}]`}`;
}

const COLUMNS: readonly TableColumn<ParameterRow>[] = [
  { title: "PARAMETER", cell: ({ name }) => name },
  { title: "SHAPE", cell: ({ shape }) => `[${shape.join(", ")}]` },
  { title: "TRAINED", cell: ({ isTrained }) => (isTrained ? "yes" : "no") },
];
