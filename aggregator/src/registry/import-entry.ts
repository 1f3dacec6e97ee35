import type { Audited } from "../audit/ports.js";
import type { VersionRecord } from "../rounds/journal.js";

/** What the log says of an imported version, in the transaction that makes it one. */
export function importEntry(
  { model, version, manifest }: VersionRecord,
  actor: string,
  atMs: number,
): Audited {
  const details = { manifest: manifest.sha256 };
  return { draft: { actor, action: "version.import", subject: `${model}@${version}`, details }, atMs };
}
