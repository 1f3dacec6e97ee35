import { FedgeError, type ModelManifest, type ModelName, type PortShape } from "@fedge/protocol";
import type { TensorValue, TensorValues } from "../ports/engine.js";
import { checkValue } from "../serving/check-inputs.js";
import { countFields, countLabel } from "../serving/count-feedback.js";
import type { ModelHost } from "../serving/model-host.js";
import type { ServingCounter } from "../serving/serving-counter.js";
import { toTensor, type TensorLike } from "../serving/tensor-types.js";
import { numClassesOf, wrongClassIn } from "./class-labels.js";
import type { PredictionMemory } from "./log-recorder.js";
import type { LogField, LogRow } from "./log-row.js";
import { hasPlainPrototype } from "./plain-object.js";

/** Hears what an app says of its predictions, once it is kept. */
export interface FeedbackListener {
  /** The row with what was noted, and what had been before. */
  noted(row: LogRow, fieldsBefore: LogRow["fields"]): void;
  /** The row before its first truth, and that. */
  labelled(row: LogRow, label: TensorValue): void;
}

const MAX_FIELDS = 32;
const MAX_NAME_LENGTH = 64;
const MAX_TEXT_LENGTH = 1024;

/** What an app says of a prediction after it was made. */
export class PredictionLog {
  constructor(
    private readonly log: Pick<PredictionMemory, "change">,
    private readonly hosts: ReadonlyMap<ModelName, ModelHost>,
    private readonly nowMs: () => number,
    private readonly listener: FeedbackListener | null,
  ) {}

  /** Throws PREDICTION_UNKNOWN, OPTION_INVALID for fields that cannot be kept, STORAGE_FULL or STORAGE_FAILED. */
  async note(id: string, fields: Readonly<Record<string, LogField>>): Promise<void> {
    checkFields(fields);
    const before: LogRow[] = [];
    await this.log.change(id, (row) => {
      const all = { ...row.fields, ...fields };
      checkFields(all);
      before.push(row);
      return { ...row, fields: all };
    });
    for (const row of before.slice(-1)) {
      const counter = this.#counterOf(row);
      if (counter !== undefined) countFields(counter, { fields, fieldsBefore: row.fields });
      this.listener?.noted({ ...row, fields: { ...row.fields, ...fields } }, row.fields);
    }
  }

  /** Throws PREDICTION_UNKNOWN, LABEL_INVALID for what the model's target does not take, STORAGE_FULL or STORAGE_FAILED. */
  async label(id: string, truth: TensorLike): Promise<void> {
    const changes: { readonly before: LogRow; readonly label: TensorValue }[] = [];
    await this.log.change(id, (row) => {
      const host = this.hosts.get(row.model as ModelName);
      const manifest = host?.active?.manifest;
      const label = toLabel(manifest?.target, truth, row);
      if (manifest !== undefined) requireClasses(manifest, label);
      changes.push({ before: row, label });
      return { ...row, label, labelledAtMs: this.nowMs() };
    });
    for (const { before, label } of changes.slice(-1)) this.#countLabel(before, label);
  }

  /** Only the first truth of a prediction counts: counts that were sent cannot be taken back. */
  #countLabel(before: LogRow, label: TensorValue): void {
    const counter = this.#counterOf(before);
    const active = this.hosts.get(before.model as ModelName)?.active;
    if (before.label === null && counter !== undefined)
      countLabel(counter, active?.manifest.loss, before.outputs, label);
    if (before.label === null) this.listener?.labelled(before, label);
  }

  /** Of the version that made the prediction, as long as it serves. */
  #counterOf({ model, version }: LogRow): ServingCounter | undefined {
    const active = this.hosts.get(model as ModelName)?.active;
    return active?.manifest.version === version ? active.counter : undefined;
  }
}

/** The truth as the model's target takes it: as many as there were inputs. */
function toLabel(target: PortShape | undefined, truth: TensorLike, { inputs }: LogRow): TensorValue {
  if (!isTensorLike(truth))
    throw new FedgeError(
      "LABEL_INVALID",
      "the label is no tensor; give a number, a list of numbers or { shape, data }",
    );
  // A model that is not trained has no target; its labels still say how good it is.
  const port = target ?? { name: "label", elementType: untrainedType(truth), shape: [null] };
  const given = toTensor(port, truth, "LABEL_INVALID");
  const label = { shape: [...given.shape], data: given.data.slice() };
  checkValue(port, label, { what: "label", code: "LABEL_INVALID" });
  const numInputs = numRowsOf(inputs);
  if (port.shape[0] === null && label.shape[0] !== numInputs) {
    throw new FedgeError(
      "LABEL_INVALID",
      `the label has ${label.shape[0]} rows; the prediction was made for ${numInputs}`,
    );
  }
  return label;
}

/** A class that the model has not got would end every training on it. */
function requireClasses(manifest: ModelManifest, label: TensorValue): void {
  const numClasses = numClassesOf(manifest);
  const wrong = numClasses === null ? null : wrongClassIn(label, numClasses);
  if (wrong === null) return;
  throw new FedgeError(
    "LABEL_INVALID",
    `the label ${wrong} is no class; the model has 0 to ${Number(numClasses) - 1}`,
  );
}

/** As far as a tensor can be made of it; its values are checked against the model's. */
function isTensorLike(given: unknown): boolean {
  if (typeof given === "number" || typeof given === "bigint") return true;
  if (typeof given !== "object" || given === null) return false;
  const isTyped = (value: unknown): boolean => ArrayBuffer.isView(value) && !(value instanceof DataView);
  if (Array.isArray(given) || isTyped(given)) return true;
  return "shape" in given && Array.isArray(given.shape) && "data" in given && isTyped(given.data);
}

function untrainedType(truth: TensorLike): "int64" | "float32" {
  const first = typeof truth === "object" && !("data" in truth) ? truth[0] : truth;
  return typeof first === "bigint" ? "int64" : "float32";
}

function numRowsOf(inputs: TensorValues): number {
  return Object.values(inputs)[0]?.shape[0] ?? 1;
}

function checkFields(fields: Readonly<Record<string, LogField>>): void {
  // Apps in JavaScript give what they like.
  // Of a list, a map or a date there would be other fields than are meant, or none.
  if (!hasPlainPrototype(fields))
    throw refused('the fields are no object; give one such as { action: "accepted" }');
  const entries = Object.entries(fields);
  if (entries.length > MAX_FIELDS) throw refused(`at most ${MAX_FIELDS} fields are kept with a prediction`);
  for (const [name, value] of entries) {
    if (name.length === 0 || name.length > MAX_NAME_LENGTH)
      throw refused(`a field's name has 1 to ${MAX_NAME_LENGTH} characters`);
    const isFinite = typeof value !== "number" || Number.isFinite(value);
    const isShort = typeof value !== "string" || value.length <= MAX_TEXT_LENGTH;
    const isKnown = value === null || ["string", "number", "boolean"].includes(typeof value);
    if (isKnown && isFinite && isShort) continue;
    throw refused(`field "${name}" is no boolean, finite number, null, or text of up to ${MAX_TEXT_LENGTH}`);
  }
}

function refused(message: string): FedgeError {
  return new FedgeError("OPTION_INVALID", message);
}
