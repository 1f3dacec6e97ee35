import { FedgeError } from "@fedge/protocol";

interface FileKind {
  readonly what: string;
  readonly remedy: string;
  matches(bytes: Uint8Array): boolean;
}

const PYTORCH_REMEDY = "load it in PyTorch and write the model with torch.onnx.export";

/** What people hand in by mistake, most particular first; sources: the formats' own descriptions of their first bytes. */
const KINDS: readonly FileKind[] = [
  {
    what: "a PyTorch checkpoint",
    remedy: PYTORCH_REMEDY,
    // torch.save writes a zip whose first entry is <name>/data.pkl; its name begins at byte 30 (APPNOTE 4.3.7).
    matches: (bytes) => isZip(bytes) && textOf(bytes, 30, 512).includes("/data.pkl"),
  },
  {
    what: "a Keras 3 archive",
    remedy: "convert it with keras2onnx or tf2onnx",
    matches: (bytes) => isZip(bytes) && textOf(bytes, 30, 512).startsWith("metadata.json"),
  },
  { what: "a zip archive", remedy: "unpack it and pass the .onnx file inside", matches: isZip },
  {
    what: "compressed with gzip",
    remedy: "unpack it with gunzip and pass the .onnx file inside",
    matches: (bytes) => startsWith(bytes, [0x1f, 0x8b]),
  },
  {
    what: "a Python pickle, such as an old PyTorch checkpoint",
    remedy: PYTORCH_REMEDY,
    matches: (bytes) => bytes[0] === 0x80 && (bytes[1] ?? 0) >= 2 && (bytes[1] ?? 0) <= 5,
  },
  {
    what: "an HDF5 file, such as Keras writes",
    remedy: "convert it with tf2onnx",
    matches: (bytes) => startsWith(bytes, [0x89, 0x48, 0x44, 0x46]),
  },
  {
    what: "a TensorFlow Lite model",
    remedy: "convert it with tf2onnx --tflite",
    matches: (bytes) => textOf(bytes, 4, 8) === "TFL3",
  },
  {
    what: "a safetensors file, which holds weights without a graph",
    remedy: "export the model that the weights belong to",
    // Eight bytes of header length, then a JSON object.
    matches: (bytes) => bytes[8] === 0x7b && bytes[5] === 0 && bytes[6] === 0 && bytes[7] === 0,
  },
  {
    what: "JSON text",
    remedy: "pass the model itself",
    matches: (bytes) => /^\s*[[{]\s*["\]}]/.test(textOf(bytes, 0, 64)),
  },
];

/** Throws `ONNX_MALFORMED` when the bytes are recognisably a file of another kind, saying which and what to do. */
export function refuseOtherKinds(bytes: Uint8Array): void {
  if (bytes.length === 0) fail("is empty", "export or download it again");
  const kind = KINDS.find(({ matches }) => matches(bytes));
  if (kind !== undefined) fail(`is no ONNX model but ${kind.what}`, kind.remedy);
}

function isZip(bytes: Uint8Array): boolean {
  return startsWith(bytes, [0x50, 0x4b, 0x03, 0x04]);
}

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((value, index) => bytes[index] === value);
}

/** Bytes as characters of one byte each: enough to look for ASCII. */
function textOf(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}

function fail(cause: string, remedy: string): never {
  throw new FedgeError("ONNX_MALFORMED", `the file ${cause}; ${remedy}`);
}
