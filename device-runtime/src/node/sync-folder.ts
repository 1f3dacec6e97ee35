import { open } from "node:fs/promises";

/** The folder's names are on the disk when it resolves: a file's own bytes may be there, and its name not. */
export async function syncFolder(path: string): Promise<void> {
  // Windows cannot open a folder; it orders such changes itself.
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
