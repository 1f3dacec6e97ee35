import { writeFile } from "node:fs/promises";
import { FedgeError } from "@fedge/protocol";
import {
  MAX_PROFILE_BYTES,
  checkEditedProfile,
  encodeProfile,
  type ReferenceProfile,
} from "@fedge/protocol/profile";
import { readBytes } from "../verbs/model-file.js";

/** What a person may have edited. Throws DATA_MISSING, MESSAGE_TOO_LARGE, and PROFILE_INVALID as `checkEditedProfile`. */
export async function readProfile(path: string): Promise<ReferenceProfile> {
  const profile = checkEditedProfile(parsed(await readBytes(path, 4 * MAX_PROFILE_BYTES)));
  // The file has white space; what devices get has none, and a limit of its own.
  encodeProfile(profile);
  return profile;
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

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FedgeError("PROFILE_INVALID", "the file is no JSON; look at the edits that were made to it", {
      cause,
    });
  }
}
