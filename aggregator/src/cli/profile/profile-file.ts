import { writeFile } from "node:fs/promises";
import { FedgeError } from "@fedge/protocol";
import {
  MAX_PROFILE_BYTES,
  decodeProfile,
  encodeProfile,
  type ReferenceProfile,
} from "@fedge/protocol/profile";
import { readBytes } from "../verbs/model-file.js";

/** Throws DATA_MISSING, MESSAGE_TOO_LARGE and PROFILE_INVALID. */
export async function readProfile(path: string): Promise<ReferenceProfile> {
  return decodeProfile(await readBytes(path, 4 * MAX_PROFILE_BYTES).then(withoutSpace));
}

/** With line ends, so that a person can edit it and a diff shows what changed. */
export async function writeProfile(path: string, profile: ReferenceProfile): Promise<void> {
  encodeProfile(profile);
  try {
    await writeFile(path, `${JSON.stringify(profile, null, 2)}\n`);
  } catch (cause) {
    throw new FedgeError(
      "DATA_MISSING",
      `cannot write ${path} (${(cause as Error).message}); name a file that can be written with --out`,
      { cause },
    );
  }
}

/** What a person edits is larger than what devices get. */
function withoutSpace(bytes: Uint8Array): Uint8Array {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return new TextEncoder().encode(JSON.stringify(value));
  } catch (cause) {
    throw new FedgeError("PROFILE_INVALID", "the file is no JSON; look at the edits that were made to it", {
      cause,
    });
  }
}
