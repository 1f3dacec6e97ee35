import { FedgeError } from "@fedge/protocol";

/** Protobuf wire types that occur in ONNX. Groups (3, 4) are obsolete and refused. */
export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_BYTES = 2;
export const WIRE_FIXED32 = 5;

/** Nested messages deeper than this are refused, so that a hostile file cannot exhaust the stack. */
export const MAX_MESSAGE_DEPTH = 64;

/** Most messages in one file; each costs far more memory than the two bytes that it may take in the file. */
export const MAX_MESSAGES = 1_000_000;

/** Most repeated values in one file, those with a 64-bit object of their own counted fourfold. */
export const MAX_REPEATED_VALUES = 2 ** 24;

const MAX_VARINT_BYTES = 10;

/** Protobuf's own limit. */
const MAX_FIELD_NUMBER = 2 ** 29 - 1;

/** What is left of a file's limits; shared by the readers of its messages. */
interface Budget {
  messages: number;
  values: number;
}

/**
 * Reads protobuf fields from a byte range without copying it.
 *
 * Every read is checked against the range first; a violation throws FedgeError `ONNX_MALFORMED` with the byte offset.
 */
export class WireReader {
  #offset: number;
  #low = 0;
  #high = 0;

  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  readonly #depth: number;
  readonly #budget: Budget;

  constructor(bytes: Uint8Array, parent?: WireReader, start = 0) {
    this.#bytes = bytes;
    this.#offset = start;
    if (parent === undefined) {
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      this.#end = bytes.length;
      this.#depth = 0;
      this.#budget = { messages: MAX_MESSAGES, values: MAX_REPEATED_VALUES };
    } else {
      this.#view = parent.#view;
      this.#end = parent.#offset;
      this.#depth = parent.#depth + 1;
      this.#budget = parent.#budget;
    }
    if (this.#depth > MAX_MESSAGE_DEPTH) {
      failLimit(`its messages are nested deeper than ${MAX_MESSAGE_DEPTH} levels`, "simplify the model");
    }
    if (--this.#budget.messages < 0) {
      failLimit(`it has more than ${MAX_MESSAGES} messages`, "simplify the model");
    }
  }

  /** Counts a value of a repeated field. Throws `ONNX_LIMIT_EXCEEDED` when the file has too many of them. */
  countValue(value: unknown): void {
    this.#budget.values -= typeof value === "bigint" ? 4 : 1;
    if (this.#budget.values >= 0) return;
    failLimit(
      `it has more than ${MAX_REPEATED_VALUES} repeated values`,
      "store tensors as raw_data, as onnx.numpy_helper does",
    );
  }

  get isDone(): boolean {
    return this.#offset >= this.#end;
  }

  get offset(): number {
    return this.#offset;
  }

  /** A varint as a signed 64-bit integer. */
  int64(): bigint {
    this.#readVarint();
    return BigInt.asIntN(64, (BigInt(this.#high) << 32n) | BigInt(this.#low));
  }

  /** A varint as a signed integer that a number holds exactly; beyond that it is malformed. */
  int(): number {
    this.#readVarint();
    if (this.#high === 0) return this.#low;
    const value = (this.#high | 0) * 0x1_0000_0000 + this.#low;
    if (!Number.isSafeInteger(value)) this.#fail("integer outside the exact range of a number");
    return value;
  }

  float(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** The bytes of a length-delimited field: a view, not a copy. */
  bytes(): Uint8Array {
    const start = this.#takeLengthDelimited();
    return this.#bytes.subarray(start, this.#offset);
  }

  string(): string {
    const start = this.#offset;
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.bytes());
    } catch (cause) {
      if (cause instanceof FedgeError) throw cause;
      throw new FedgeError(
        "ONNX_MALFORMED",
        `ONNX text at byte ${start} is not UTF-8; export the model again`,
        {
          cause,
        },
      );
    }
  }

  /** A reader over one length-delimited field. */
  nested(): WireReader {
    const start = this.#takeLengthDelimited();
    return new WireReader(this.#bytes, this, start);
  }

  /** Field number and wire type of the next field. */
  tag(): { readonly fieldNumber: number; readonly wireType: number } {
    const tag = this.int();
    const fieldNumber = Math.floor(tag / 8);
    if (fieldNumber < 1 || fieldNumber > MAX_FIELD_NUMBER) this.#fail(`field number ${fieldNumber}`);
    return { fieldNumber, wireType: tag % 8 };
  }

  skip(wireType: number): void {
    if (wireType === WIRE_VARINT) this.#readVarint();
    else if (wireType === WIRE_FIXED64) this.#take(8);
    else if (wireType === WIRE_BYTES) this.#takeLengthDelimited();
    else if (wireType === WIRE_FIXED32) this.#take(4);
    else this.#fail(`wire type ${wireType} is not used by ONNX`);
  }

  /** The bytes between an earlier offset and the current one: a view, not a copy. */
  since(offset: number): Uint8Array {
    return this.#bytes.subarray(offset, this.#offset);
  }

  expectWireType(actual: number, expected: number): void {
    if (actual !== expected) this.#fail(`wire type ${actual} where ${expected} belongs`);
  }

  #takeLengthDelimited(): number {
    const length = this.int();
    if (length < 0) this.#fail("negative length");
    return this.#take(length);
  }

  #take(length: number): number {
    const start = this.#offset;
    if (length > this.#end - start) this.#fail(`${length} bytes announced, ${this.#end - start} present`);
    this.#offset = start + length;
    return start;
  }

  #readVarint(): void {
    let low = 0;
    let high = 0;
    for (let index = 0; index < MAX_VARINT_BYTES; index++) {
      const byte = this.#bytes[this.#take(1)] ?? 0;
      const bits = byte & 0x7f;
      const shift = index * 7;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) [low, high] = [low | (bits << 28), bits >>> 4];
      else high |= bits << (shift - 32);
      if (index === MAX_VARINT_BYTES - 1 && byte > 1) break;
      if (byte < 0x80) {
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return;
      }
    }
    this.#fail("varint longer than 64 bits");
  }

  #fail(cause: string): never {
    throw new FedgeError(
      "ONNX_MALFORMED",
      `ONNX file is malformed at byte ${this.#offset}: ${cause}; the file is truncated or damaged, export or download it again`,
      { details: { offset: this.#offset } },
    );
  }
}

function failLimit(cause: string, remedy: string): never {
  throw new FedgeError("ONNX_LIMIT_EXCEEDED", `the ONNX file is beyond the limits: ${cause}; ${remedy}`);
}
