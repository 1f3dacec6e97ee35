import { FedgeError, type SecureRandom } from "@fedge/protocol";
import { randomUUID } from "node:crypto";
import { chmod, link, open, readFile, unlink } from "node:fs/promises";
import { createSecretText } from "../identity/admin-token.js";

const SECRET_TEXT = /^[A-Za-z0-9_-]{43}$/;

/**
 * The secret that the file holds, base64url of 32 bytes; made, readable by its owner only, when there is none.
 *
 * Throws STATE_DIRECTORY_UNUSABLE for a file that holds something else; file system errors pass.
 */
export async function openSecretFile(path: string, random: SecureRandom): Promise<string> {
  const kept = await readSecret(path);
  if (kept !== undefined) return kept;
  const temporary = `${path}.${randomUUID()}`;
  const file = await open(temporary, "wx", 0o600);
  try {
    await file.writeFile(`${createSecretText(random)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await linkOnce(temporary, path);
  const made = await readSecret(path);
  if (made === undefined) throw unusable(path);
  return made;
}

async function readSecret(path: string): Promise<string | undefined> {
  let text: string;
  try {
    text = (await readFile(path, "utf8")).trim();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  if (!SECRET_TEXT.test(text)) throw unusable(path);
  // A copy or a restored backup may have opened it to others.
  await chmod(path, 0o600);
  return text;
}

/** A file that another process made meanwhile stays. */
async function linkOnce(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  } finally {
    await unlink(temporary);
  }
}

function unusable(path: string): FedgeError {
  return new FedgeError(
    "STATE_DIRECTORY_UNUSABLE",
    `${path} does not hold a secret of 43 base64url characters; restore it from a backup, or delete it so that a ` +
      "new one is made (tokens issued under the old one stop working)",
  );
}
