import { gunzipSync, constants } from "node:zlib";
import { FedgeError, numValues, type PortShape } from "@fedge/protocol";
import { rowWidth, type ProfiledModel } from "../../drift/profiles/feature-drafts.js";
import { decodeIdx } from "../../simulation/data/idx.js";
import type { TrainingData } from "../../drift/profiles/training-data.js";

const HEADER_BYTES = 4;

export interface IdxFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Arrays of unsigned bytes as rows of a model's only input, divided by `divisor`; plain or gzipped, and held in memory,
 * at most 256 MiB. Throws DATA_CORRUPT as `decodeIdx`, and OPTION_INVALID for a model that does not take such rows.
 */
export function idxData(
  model: ProfiledModel,
  files: { readonly data: IdxFile; readonly labels: IdxFile | null },
  { divisor, batchSize }: { readonly divisor: number; readonly batchSize: number },
): TrainingData {
  const port = onlyInput(model);
  const { shape, values } = decodeIdx(files.data.bytes, rankOf(files.data), files.data.name);
  const numRows = shape[0] ?? 0;
  const width = numValues(shape.slice(1));
  const takes = rowWidth(port);
  if (takes !== null && takes !== width)
    throw new FedgeError("OPTION_INVALID", `the rows have ${width} numbers; the model takes ${takes}`);
  const labels = files.labels === null ? null : labelsOf(files.labels, numRows);
  const rowShape =
    port.shape.length === shape.length ? shape.slice(1) : port.shape.slice(1).map((size) => size ?? width);
  return async function* batches() {
    for (let at = 0; at < numRows; at += batchSize) {
      const end = Math.min(numRows, at + batchSize);
      const data = Float32Array.from(values.subarray(at * width, end * width), (value) => value / divisor);
      const label = labels === null ? null : { shape: [end - at], data: labels.slice(at, end) };
      yield await Promise.resolve({
        ...{ numRows: end - at, label, fields: [] },
        inputs: { [port.name]: { shape: [end - at, ...rowShape], data } },
      });
    }
  };
}

function onlyInput({ inputs }: ProfiledModel): PortShape {
  const [input] = inputs;
  if (inputs.length === 1 && input?.elementType === "float32") return input;
  throw new FedgeError("OPTION_INVALID", "IDX files are for models with one float32 input; give JSON lines");
}

function labelsOf(file: IdxFile, numRows: number): Uint8Array {
  const { shape, values } = decodeIdx(file.bytes, 1, file.name);
  if (shape[0] === numRows) return values;
  throw new FedgeError("DATA_CORRUPT", `${file.name} holds ${shape[0]} labels for ${numRows} rows`);
}

/** The fourth byte of the header. */
function rankOf({ bytes }: IdxFile): number {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const start = isGzip
    ? gunzipSync(bytes.subarray(0, 4096), { finishFlush: constants.Z_SYNC_FLUSH })
    : bytes.subarray(0, HEADER_BYTES);
  return start[3] ?? 0;
}
