import { FedgeError, decodeSafetensors, encodeSafetensors, type NamedTensor } from "@fedge/protocol";
import * as z from "zod/mini";
import type { TensorValue, TensorValues } from "../ports/engine.js";
import { elementTypeOf } from "../serving/tensor-types.js";
import { timeOfPrediction } from "./prediction-ids.js";
import { shadowAnswer } from "./shadow-answer.js";

/** What an app may note beside a prediction. */
export type LogField = string | number | boolean | null;

/** One prediction as the device remembers it. */
export interface LogRow {
  /** The prediction's. */
  readonly id: string;
  /** UTC epoch milliseconds of the prediction. */
  readonly atMs: number;
  readonly model: string;
  readonly version: number;
  readonly inputs: TensorValues;
  /** Null when they were too large to keep. */
  readonly outputs: TensorValues | null;
  /** What the app noted with `log`. */
  readonly fields: Readonly<Record<string, LogField>>;
  /** What turned out to be true; null until the app says. */
  readonly label: TensorValue | null;
  /** When the label came; null before. */
  readonly labelledAtMs: number | null;
  /**
   * By input: how much of the answer's score came from each of its features, gradient times input, `[rows, features]`
   * as Float32Array. Null when the device explains no predictions, or not this one.
   */
  readonly explanation: TensorValues | null;
  /** What a shadow made of the same request, where one ran and both are classifications. */
  readonly shadow?: ShadowAnswer;
}

/** The class that another version gives each row of a prediction. */
export interface ShadowAnswer {
  readonly version: number;
  /** -1 for a row to which it gave none. */
  readonly classes: readonly number[];
}

const head = z.object({
  model: z.string(),
  version: z.number(),
  hasOutputs: z.boolean(),
  fields: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  labelledAtMs: z.nullable(z.number()),
  shadow: shadowAnswer,
});

/** The row as one safetensors file: the head in its metadata, tensors named by where they belong. */
export function encodeLogRow(row: LogRow): Uint8Array {
  const { model, version, outputs, fields, labelledAtMs, shadow } = row;
  const tensors = [
    ...named("inputs", row.inputs),
    ...named("outputs", outputs ?? {}),
    ...(row.label === null ? [] : named("label", { value: row.label })),
    ...named("explanation", row.explanation ?? {}),
  ];
  const hasOutputs = outputs !== null;
  const text = JSON.stringify({ model, version, hasOutputs, fields, labelledAtMs, shadow });
  return encodeSafetensors(tensors, { row: text });
}

/** Throws STORAGE_FAILED for bytes that are no row. */
export function decodeLogRow(id: string, bytes: Uint8Array): LogRow {
  try {
    const { tensors, metadata } = decodeSafetensors(bytes);
    const { hasOutputs, shadow, ...rest } = z.parse(head, JSON.parse(metadata["row"] ?? ""));
    const outputs = hasOutputs ? unnamed("outputs", tensors) : null;
    const label = unnamed("label", tensors)["value"] ?? null;
    const explanation = unnamed("explanation", tensors);
    return {
      id,
      atMs: timeOfPrediction(id),
      ...{ ...rest, outputs, label },
      explanation: Object.keys(explanation).length === 0 ? null : explanation,
      ...(shadow === undefined ? {} : { shadow }),
      inputs: unnamed("inputs", tensors),
    };
  } catch (cause) {
    throw new FedgeError("STORAGE_FAILED", `row ${id} of the feature log cannot be read; erase it`, {
      cause,
    });
  }
}

/** How many examples of training a row is: what its first axis counts, or one. */
export function numExamplesOf(row: Pick<LogRow, "label">): number {
  return row.label === null ? 0 : (row.label.shape[0] ?? 1);
}

function named(place: string, values: TensorValues): NamedTensor[] {
  return Object.entries(values).map(([name, { shape, data }]) => ({
    name: `${place}/${name}`,
    elementType: elementTypeOf(data),
    ...{ shape, data },
  }));
}

function unnamed(place: string, tensors: readonly NamedTensor[]): TensorValues {
  const prefix = `${place}/`;
  return Object.fromEntries(
    tensors
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ name, shape, data }) => [name.slice(prefix.length), { shape, data }]),
  );
}

/** Stands for a row whose bytes are damaged. */
export function unreadableRow(id: string): LogRow {
  const nothing = { model: "", version: 0, inputs: {}, outputs: null, fields: {} };
  return { id, atMs: 0, ...nothing, label: null, labelledAtMs: null, explanation: null };
}
