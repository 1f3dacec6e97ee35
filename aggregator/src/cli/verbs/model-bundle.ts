import { extname } from "node:path";
import { bundleResult } from "../../http/schema/registry-schema.js";
import { readBundle } from "../../registry/bundle/read-bundle.js";
import { clientOf, type ServerFlags } from "../server-flags.js";
import { printResult, type Terminal } from "../terminal.js";
import { readBytes } from "./model-file.js";

export function isBundle(path: string): boolean {
  return extname(path).toLowerCase() === ".tar";
}

/** Checks a bundle here, so that a bad one is refused before it is sent; then imports it, unless it is only a trial. */
export async function importBundleFile(
  terminal: Terminal,
  path: string,
  flags: ServerFlags & { readonly dryRun: boolean },
): Promise<void> {
  const bytes = await readBytes(path);
  const { index } = readBundle(bytes);
  const { model, version } = index;
  if (flags.dryRun) {
    const result = { model, version, manifestSha256: index.manifest.sha256, isNew: null };
    return printResult(terminal, result, () => `${path} is a sound bundle of ${model}@${version}`);
  }
  const result = await clientOf(flags).upload("/v1/bundles", bundleResult, { query: {}, bytes });
  printResult(terminal, result, () =>
    result.isNew ? `imported ${model}@${version}` : `${model}@${version} was here already`,
  );
}
