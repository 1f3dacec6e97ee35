import { decodeHalf } from "./half.js";
import { malformed } from "./topology.js";

/** A weight as the manifest tells of it. */
export interface WeightEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization: Readonly<Record<string, unknown>> | undefined;
}

/** How a type's numbers are read; all little-endian. */
interface Encoding {
  readonly sizeBytes: number;
  readonly read: (view: DataView, at: number) => number;
}

const ENCODINGS: Readonly<Record<string, Encoding>> = {
  float32: { sizeBytes: 4, read: (view, at) => view.getFloat32(at, true) },
  float16: { sizeBytes: 2, read: (view, at) => decodeHalf(view.getUint16(at, true)) },
  uint8: { sizeBytes: 1, read: (view, at) => view.getUint8(at) },
  uint16: { sizeBytes: 2, read: (view, at) => view.getUint16(at, true) },
};

/** Bytes that the weight takes in its file. Throws `ONNX_MALFORMED` for a type that layers do not have. */
export function storedBytes(entry: WeightEntry): number {
  const count = entry.shape.reduce((product, size) => product * size, 1);
  const sizeBytes = count * encodingOf(entry).sizeBytes;
  if (Number.isSafeInteger(sizeBytes)) return sizeBytes;
  throw malformed(`weight "${entry.name}" has the shape [${entry.shape.join(", ")}], which no file holds`);
}

/** The numbers: as they stand, or scale * q + min where they were quantized (tfjs-core, io_utils.ts). */
export function decodeWeight(entry: WeightEntry, bytes: Uint8Array): Float32Array {
  const { read, sizeBytes } = encodingOf(entry);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { scale, min } = rangeOf(entry);
  const length = bytes.length / sizeBytes;
  return Float32Array.from({ length }, (_, at) => scale * read(view, at * sizeBytes) + min);
}

function encodingOf({ name, dtype, quantization }: WeightEntry): Encoding {
  const stored = quantization === undefined ? dtype : quantization["dtype"];
  const isKnown = dtype === "float32" && (quantization !== undefined || stored === "float32");
  const encoding = isKnown && typeof stored === "string" ? ENCODINGS[stored] : undefined;
  if (encoding !== undefined) return encoding;
  throw malformed(
    `weight "${name}" is ${dtype} stored as ${String(stored)}; only float32 weights can be converted`,
  );
}

function rangeOf({ name, quantization }: WeightEntry): { readonly scale: number; readonly min: number } {
  const isWhole = quantization !== undefined && quantization["dtype"] !== "float16";
  if (!isWhole) return { scale: 1, min: 0 };
  const { scale, min } = quantization as { scale?: unknown; min?: unknown };
  if (typeof scale === "number" && typeof min === "number") return { scale, min };
  throw malformed(`weight "${name}" is quantized without a scale and a minimum`);
}
