import {
  FedgeError,
  createRandom,
  shuffled,
  numValues,
  type ElementType,
  type ModelManifest,
  type TensorData,
} from "@fedge/protocol";
import type { Examples, TensorValue } from "../../core/ports/engine.js";

export interface BatchOptions {
  readonly batchSize: number;
  readonly epochs: number;
  readonly maxExamples: number;
  readonly seed: string;
}

/** Values of one input, or of the target, for one step. */
export interface BatchValue extends TensorValue {
  readonly elementType: ElementType;
}

/** One of so many steps' batches is measured on. */
const SAMPLE_SHARE = 50;

interface Column {
  readonly name: string;
  readonly elementType: ElementType;
  readonly width: number;
  readonly exampleShape: readonly number[];
  readonly from: TensorData;
  readonly full: TensorData;
}

/** Shuffled mini-batches of a device's examples; the last one of an epoch is shorter when the sizes do not divide. */
export class ExampleBatches {
  readonly numExamples: number;
  readonly #columns: readonly Column[];

  constructor(
    manifest: ModelManifest,
    private readonly examples: Examples,
    private readonly options: BatchOptions,
  ) {
    if (manifest.target === undefined)
      throw new FedgeError("TRAINING_FAILED", "the model has no target to train on");
    this.numExamples = Math.min(examples.numExamples, options.maxExamples);
    if (this.numExamples === 0) throw new FedgeError("TRAINING_FAILED", "there are no examples to train on");
    const inputs = manifest.inputs.map((port) =>
      this.#column(port.name, port.elementType, examples.inputs[port.name]),
    );
    this.#columns = [
      ...inputs,
      this.#column(manifest.target.name, manifest.target.elementType, examples.target),
    ];
  }

  get numSteps(): number {
    return Math.ceil(this.numExamples / this.options.batchSize) * this.options.epochs;
  }

  /**
   * Batches of the first epoch to measure the loss on, before and after: a fiftieth of the steps, so that both together
   * cost a twenty-fifth of the training, or one batch each. A batch's memory is used again by the next.
   */
  *sample(): Generator<Record<string, BatchValue>> {
    const { epochs } = this.options;
    const numBatches = Math.min(
      this.numSteps / epochs,
      Math.max(1, Math.floor(this.numSteps / SAMPLE_SHARE)),
    );
    const batches = this.batches();
    for (let at = 0; at < numBatches; at += 1) {
      const { value } = batches.next();
      if (value !== undefined) yield value as Record<string, BatchValue>;
    }
  }

  /** Inputs and target by name, one step after the other. A batch's memory is used again by the next. */
  *batches(): Generator<Record<string, BatchValue>> {
    const random = createRandom(`${this.options.seed}/shuffle`);
    const all = shuffled(
      Array.from({ length: this.examples.numExamples }, (_, index) => index),
      random,
    );
    const chosen = all.slice(0, this.numExamples);
    for (let epoch = 0; epoch < this.options.epochs; epoch += 1) {
      const order = epoch === 0 ? chosen : shuffled(chosen, random);
      for (let start = 0; start < order.length; start += this.options.batchSize) {
        yield this.#batch(order.slice(start, start + this.options.batchSize));
      }
    }
  }

  #batch(rows: readonly number[]): Record<string, BatchValue> {
    const entries = this.#columns.map((column) => {
      const data = column.full.subarray(0, rows.length * column.width);
      rows.forEach((row, at) => {
        // Both sides have the element type of the column, which the union of the types cannot say.
        const values = column.from.subarray(row * column.width, (row + 1) * column.width) as Float32Array;
        (data as Float32Array).set(values, at * column.width);
      });
      const shape = [rows.length, ...column.exampleShape];
      return [column.name, { elementType: column.elementType, shape, data }] as const;
    });
    return Object.fromEntries(entries);
  }

  #column(name: string, elementType: ElementType, value: TensorValue | undefined): Column {
    if (value === undefined) throw new FedgeError("TRAINING_FAILED", `the examples have no "${name}"`);
    const [count, ...exampleShape] = value.shape;
    const width = numValues(exampleShape);
    if (count !== this.examples.numExamples || value.data.length !== count * width) {
      const got = `${value.data.length} values of shape [${value.shape.join(", ")}]`;
      throw new FedgeError(
        "TRAINING_FAILED",
        `"${name}" has ${got} for ${this.examples.numExamples} examples`,
      );
    }
    const rows = Math.min(this.options.batchSize, this.numExamples);
    const full = emptyLike(elementType, value.data, rows * width);
    return { name, elementType, width, exampleShape, from: value.data, full };
  }
}

const DATA_TYPES: Record<ElementType, new (length: number) => TensorData> = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

function emptyLike(elementType: ElementType, data: TensorData, length: number): TensorData {
  const Data = DATA_TYPES[elementType];
  if (!(data instanceof Data))
    throw new FedgeError("TRAINING_FAILED", `examples are not ${elementType} as the model wants`);
  return new Data(length);
}
