import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Baseline } from "../core/installs/baseline.js";

const MANIFEST = "manifest.json";

/**
 * A version that comes with the app, from a folder with its `manifest.json` and its blobs as files of any names. Throws
 * what reading throws.
 */
export async function readBaseline(directory: string): Promise<Baseline> {
  const names = (await readdir(directory)).filter((name) => name !== MANIFEST);
  const read = (name: string): Promise<Uint8Array> => readFile(join(directory, name));
  return { manifest: await read(MANIFEST), blobs: await Promise.all(names.map(read)) };
}
