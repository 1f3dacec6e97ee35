import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;

/**
 * Makes the directory and its parents, mode 0700, unless they are there. File system errors pass.
 *
 * Each parent is tried once. `mkdir` with `recursive` retries for ever where a file system answers ENOENT although the
 * parent exists, as /proc does.
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (isCode(error, "EEXIST") && (await stat(path)).isDirectory()) return;
    const parent = dirname(path);
    if (!isCode(error, "ENOENT") || parent === path || (await isDirectory(parent))) throw error;
    await makeDirectory(parent);
    await makeDirectory(path);
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (isCode(error, "ENOENT")) return false;
    throw error;
  }
}
