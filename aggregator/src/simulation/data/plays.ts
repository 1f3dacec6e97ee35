import { open } from "node:fs/promises";
import { join } from "node:path";
import { FedgeError } from "@fedge/protocol";

/** The file of a directory with plays: speeches apart by empty lines, each under the name of its role and a colon. */
export const PLAYS_FILE = "input.txt";
const MAX_PLAYS_BYTES = 64 * 1024 * 1024;

/** All that one role says, in the order of the plays. */
export interface Role {
  readonly name: string;
  readonly text: string;
}

/** The roles of a directory's plays. Throws DATA_MISSING without the file, DATA_CORRUPT for one without speeches. */
export async function readPlays(directory: string): Promise<readonly Role[]> {
  const path = join(directory, PLAYS_FILE);
  const roles = rolesOf(await readText(path));
  if (roles.length > 0) return roles;
  throw new FedgeError("DATA_CORRUPT", `${path} holds no speeches: a role and a colon, then its lines.`);
}

/** Speeches by role, roles in the order of their first words. */
export function rolesOf(text: string): readonly Role[] {
  const speeches = new Map<string, string[]>();
  for (const block of text.split(/\r?\n(?:\r?\n)+/)) {
    const [, name, speech] = /^([^\n:]{1,64}):\r?\n([^]+)$/.exec(block.trim()) ?? [];
    if (name === undefined || speech === undefined) continue;
    const known = speeches.get(name);
    if (known === undefined) speeches.set(name, [speech]);
    else known.push(speech);
  }
  return [...speeches].map(([name, parts]) => ({ name, text: parts.join("\n") }));
}

async function readText(path: string): Promise<string> {
  let file;
  try {
    file = await open(path);
  } catch (cause) {
    throw new FedgeError(
      "DATA_MISSING",
      `${path} cannot be read; name a directory that holds ${PLAYS_FILE}.`,
      {
        cause,
      },
    );
  }
  try {
    const { size } = await file.stat();
    if (size > MAX_PLAYS_BYTES) {
      throw new FedgeError("DATA_CORRUPT", `${path} has ${size} bytes; at most ${MAX_PLAYS_BYTES} are read.`);
    }
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}
