import { FedgeError, nonNegativeInt } from "@fedge/protocol";
import { open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import * as z from "zod/mini";
import { storageError } from "../blobs/storage-error.js";
import type { AuditHead } from "./audit-chain.js";
import type { AuditAnchor } from "./ports.js";

const headFields = z.object({ seq: nonNegativeInt, hash: z.string().check(z.regex(/^[0-9a-f]{64}$/)) });

/** The anchor in a file of the state directory, replaced as a whole. One process at a time writes it. */
export function fileAuditAnchor(path: string): AuditAnchor {
  return {
    read: async () => {
      const text = await readIfThere(path);
      return text === undefined ? undefined : decodeHead(text, path);
    },
    write: (head) => writeWhole(path, `${JSON.stringify(head)}\n`),
  };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw storageError(`read ${path}`, cause);
  }
}

function decodeHead(text: string, path: string): AuditHead {
  try {
    return z.parse(headFields, JSON.parse(text));
  } catch (cause) {
    throw new FedgeError(
      "AUDIT_BROKEN",
      `${path} does not name the last audit entry; restore it from a backup. Without it a cut end of the audit log does not show.`,
      { cause },
    );
  }
}

/** A power cut leaves the old file or the new one. */
async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  try {
    const file = await open(temporary, "w", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } catch (cause) {
    throw storageError(`write ${path}`, cause);
  }
}

async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a directory; it orders such changes itself.
  if (process.platform === "win32") return;
  const directory = await open(path, "r");
  await directory.sync().finally(() => directory.close());
}
