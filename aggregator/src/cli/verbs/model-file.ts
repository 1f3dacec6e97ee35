import { readFile, stat } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { convertLayersModel, readLayersModel, weightPathsOf } from "@fedge/onnx-autodiff/layers";
import { FedgeError, MAX_BLOB_BYTES } from "@fedge/protocol";

/** A model as an import takes it. */
export interface ModelFile {
  readonly onnx: Uint8Array<ArrayBuffer>;
  /** Parameters to train where the file says that others are frozen; every one otherwise. */
  readonly trainable: readonly string[];
}

/**
 * An ONNX file as it stands, or a `model.json` of TensorFlow.js with the weight files beside it as an ONNX model.
 *
 * Throws DATA_MISSING for a file that cannot be read, MESSAGE_TOO_LARGE, and as `convertLayersModel` does.
 */
export async function readModel(path: string): Promise<ModelFile> {
  const file = await readBytes(path);
  if (extname(path).toLowerCase() !== ".json") return { onnx: file, trainable: [] };
  const files = new Map<string, Uint8Array>();
  let sizeBytes = file.length;
  for (const name of weightPathsOf(file)) {
    const bytes = await readBytes(join(dirname(path), name), MAX_BLOB_BYTES - sizeBytes);
    files.set(name, bytes);
    sizeBytes += bytes.length;
  }
  const source = readLayersModel(file, files);
  const { onnx, trainable, frozen } = convertLayersModel(source, { form: "training" });
  return { onnx, trainable: frozen.length === 0 ? [] : trainable };
}

/** A model's name from that of its file, or of the directory of a `model.json`: small letters, digits and hyphens. */
export function modelNameOf(path: string): string {
  const isPlain = basename(path).toLowerCase() === "model.json";
  const file = isPlain ? basename(dirname(resolve(path))) : basename(path, extname(path));
  const name = file.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return name.replace(/^-+|-+$/g, "") || "model";
}

/** The file's bytes; its size is checked before they are read. */
/** Throws DATA_MISSING for a file that cannot be read, MESSAGE_TOO_LARGE. */
export async function readBytes(path: string, most = MAX_BLOB_BYTES): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const { size } = await stat(path);
    if (size > most) {
      const message = `${path} makes the model larger than ${MAX_BLOB_BYTES} bytes, which is the most that devices take`;
      throw new FedgeError("MESSAGE_TOO_LARGE", message);
    }
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    if (cause instanceof FedgeError) throw cause;
    throw new FedgeError(
      "DATA_MISSING",
      `cannot read ${path} (${(cause as Error).message}); check the path`,
      { cause },
    );
  }
}
