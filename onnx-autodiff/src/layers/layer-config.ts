import { FedgeError, type ErrorCode } from "@fedge/protocol";

/** A size that the caller chooses is null. */
export type ShapeWithNulls = readonly (number | null)[];

type Fields = Readonly<Record<string, unknown>>;

/** Reads the fields of one layer, each checked. Every failure names the layer and its class. */
export class LayerConfig {
  private constructor(
    readonly className: string,
    readonly name: string,
    private readonly fields: Fields,
  ) {}

  /** A layer as Keras writes it: `{ class_name, config: { name, … } }`. Throws `ONNX_MALFORMED`. */
  static of(value: unknown): LayerConfig {
    const { class_name: className, config } = (isFields(value) ? value : {}) as Fields;
    // Old files of a Sequential have the list of its layers in the place of the fields.
    const fields = Array.isArray(config) ? { name: "sequential", layers: config } : config;
    if (typeof className !== "string" || !isFields(fields)) {
      throw new FedgeError("ONNX_MALFORMED", "a layer of the topology has no class_name or no config");
    }
    const name = fields["name"] ?? (isFields(value) ? value["name"] : undefined);
    if (typeof name !== "string" || name === "" || name.length > 400) {
      throw new FedgeError("ONNX_MALFORMED", `a ${className.slice(0, 80)} layer of the topology has no name`);
    }
    return new LayerConfig(className, name, fields);
  }

  /** The same layer under another name, which its weights then have too. */
  renamed(name: string): LayerConfig {
    return new LayerConfig(this.className, name, this.fields);
  }

  fail(cause: string, code: ErrorCode = "ONNX_MALFORMED"): FedgeError {
    return new FedgeError(code, `layer "${this.name}" (${this.className}): ${cause}`, {
      details: { layer: this.name, class: this.className },
    });
  }

  unsupported(cause: string): FedgeError {
    return this.fail(cause, "ONNX_UNSUPPORTED_OPERATOR");
  }

  optionalText(key: string): string | undefined {
    const value = this.fields[key];
    return typeof value === "string" ? value : undefined;
  }

  /** False where the field is missing. */
  flag(key: string, fallback = false): boolean {
    const value = this.fields[key] ?? fallback;
    if (typeof value !== "boolean") throw this.fail(`${key} is no truth value`);
    return value;
  }

  number(key: string, fallback?: number): number {
    const value = this.fields[key] ?? fallback;
    if (typeof value !== "number" || !Number.isFinite(value)) throw this.fail(`${key} is no number`);
    return value;
  }

  optionalNumber(key: string): number | undefined {
    return this.fields[key] === undefined || this.fields[key] === null ? undefined : this.number(key);
  }

  /** A size from 1. */
  size(key: string, fallback?: number): number {
    return this.#size(key, this.fields[key] ?? fallback);
  }

  /** Sizes of some axes, one number for all of them or one for each. */
  sizes(key: string, count: number, fallback?: number): number[] {
    const value = this.fields[key] ?? fallback;
    if (!Array.isArray(value)) return Array.from({ length: count }, () => this.#size(key, value));
    if (value.length !== count) throw this.fail(`${key} has ${value.length} sizes instead of ${count}`);
    return value.map((size) => this.#size(key, size));
  }

  /** Whole numbers. */
  integers(key: string): number[] {
    const value = this.fields[key];
    const list = (Array.isArray(value) ? value : [value]) as unknown[];
    if (list.length > 16 || !list.every((item) => Number.isSafeInteger(item))) {
      throw this.fail(`${key} holds no whole numbers`);
    }
    return list as number[];
  }

  list(key: string): readonly unknown[] {
    const value = this.fields[key];
    if (!Array.isArray(value)) throw this.fail(`${key} is no list`);
    return value as unknown[];
  }

  objects(key: string): readonly unknown[] {
    return this.list(key);
  }

  sequentialLayers(): readonly unknown[] {
    return this.list("layers");
  }

  /** The layer that this one wraps. */
  wrapped(): LayerConfig {
    return LayerConfig.of(this.fields["layer"]);
  }

  /** The field as it stands, for what has several forms. */
  raw(key: string): unknown {
    return this.fields[key];
  }

  /** Shape of one batch of inputs of a first layer, batch first. */
  inputShape(depth = 0): ShapeWithNulls {
    const value = this.fields["batch_input_shape"] ?? this.fields["batch_shape"];
    if (value === undefined && this.className in NESTED && depth < MAX_DEPTH) return this.#innerShape(depth);
    const isSize = (size: unknown): boolean =>
      size === null || (Number.isSafeInteger(size) && Number(size) > 0);
    if (!Array.isArray(value) || value.length === 0 || value.length > 8 || !value.every(isSize)) {
      throw this.fail("it is the first and has no input shape; give inputShape and save the model again");
    }
    return value as ShapeWithNulls;
  }

  #innerShape(depth: number): ShapeWithNulls {
    const [first] = this.list("layers");
    return LayerConfig.of(first).inputShape(depth + 1);
  }

  #size(key: string, value: unknown): number {
    if (Number.isSafeInteger(value) && Number(value) > 0 && Number(value) < 2 ** 31) return Number(value);
    throw this.fail(`${key} is no size`);
  }
}

/** Models in models in models: no real one comes near. */
export const MAX_DEPTH = 32;

/** Models whose first layer may say what they take. */
const NESTED: Readonly<Record<string, true>> = { Sequential: true, Functional: true, Model: true };

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
