import { FedgeError } from "@fedge/protocol";
import { createHash } from "node:crypto";
import type { AuditDraft, AuditEntry } from "./audit.js";

/** What the first entry names as the one before it. */
export const NO_HASH = "0".repeat(64);

const MAX_NAME_LENGTH = 300;
const MAX_DETAILS_LENGTH = 16 * 1024;

/** The last entry of a chain: it fixes every entry before it. */
export interface AuditHead {
  readonly seq: number;
  readonly hash: string;
}

export const EMPTY_CHAIN: AuditHead = { seq: 0, hash: NO_HASH };

/**
 * JSON in which equal values have equal bytes: keys sorted by their UTF-16 units, no white space (RFC 8785).
 * Throws OPTION_INVALID for what JSON cannot say.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .sort(([one], [other]) => (one < other ? -1 : 1));
    return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`).join(",")}}`;
  }
  const isPlain = value === null || ["string", "boolean"].includes(typeof value) || Number.isFinite(value);
  if (isPlain) return JSON.stringify(value);
  throw new FedgeError("OPTION_INVALID", `an audit entry holds JSON; ${String(value)} is none`);
}

/** Lower-case hex SHA-256 of the canonical JSON of everything in an entry but its hash. */
export function hashOf(entry: Omit<AuditEntry, "hash">): string {
  const { seq, atMs, actor, action, subject, details, previousHash } = entry;
  const text = canonicalJson({ seq, atMs, actor, action, subject, details, previousHash });
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/** The entry that comes after `head`. Throws OPTION_INVALID for a draft that is too large or is not JSON. */
export function nextEntry(head: AuditHead, draft: AuditDraft, atMs: number): AuditEntry {
  const { actor, action, subject } = draft;
  for (const [field, text] of Object.entries({ actor, action, subject })) checkName(field, text);
  const text = canonicalJson(draft.details);
  if (text.length > MAX_DETAILS_LENGTH) {
    throw new FedgeError(
      "OPTION_INVALID",
      `details of an audit entry take at most ${MAX_DETAILS_LENGTH} characters, these take ${text.length}`,
    );
  }
  // What is hashed is what a reader gets back from the text.
  const details = JSON.parse(text) as Record<string, unknown>;
  const entry = { seq: head.seq + 1, atMs, actor, action, subject, details, previousHash: head.hash };
  return { ...entry, hash: hashOf(entry) };
}

/** Why the entry cannot follow `head`, for people; null when it does. */
export function breakBefore(entry: AuditEntry, head: AuditHead): string | null {
  if (entry.seq !== head.seq + 1) {
    return `entry ${head.seq + 1} is missing: entry ${entry.seq} comes after ${head.seq}`;
  }
  if (entry.previousHash !== head.hash)
    return `entry ${entry.seq} does not name the hash of the one before it`;
  if (entry.hash !== hashOf(entry))
    return `entry ${entry.seq} was changed: its hash does not fit its content`;
  return null;
}

function checkName(field: string, text: string): void {
  // PostgreSQL has no text with a NUL or half a surrogate pair, and a terminal should get no control characters.
  if (text !== "" && text.length <= MAX_NAME_LENGTH && !/[\p{Cc}\p{Cs}]/u.test(text)) return;
  throw new FedgeError(
    "OPTION_INVALID",
    `${field} of an audit entry takes 1 to ${MAX_NAME_LENGTH} characters without control characters`,
  );
}
