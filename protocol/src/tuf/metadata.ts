import * as z from "zod/mini";
import { FedgeError } from "../errors.js";
import { decodeWith, nonNegativeInt, positiveInt } from "../schema.js";
import { canonicalJson } from "./canonical-json.js";

export const TOP_LEVEL_ROLES = ["root", "timestamp", "snapshot", "targets"] as const;
export type TopLevelRole = (typeof TOP_LEVEL_ROLES)[number];

/** Most bytes of one metadata file, whatever other metadata say of it. */
export const MAX_METADATA_BYTES: Readonly<Record<TopLevelRole, number>> = {
  root: 512 * 1024,
  timestamp: 16 * 1024,
  snapshot: 2 * 1024 * 1024,
  targets: 5 * 1024 * 1024,
};

const keyId = z.string().check(z.minLength(1), z.maxLength(128));
const keyText = z.string().check(z.maxLength(8192));

/** A public key. Unknown types and schemes are kept: they verify nothing. */
export const tufKey = z.object({
  keytype: z.string().check(z.maxLength(64)),
  scheme: z.string().check(z.maxLength(64)),
  /** Hexadecimal for ed25519; PEM for the others. */
  keyval: z.object({ public: keyText }),
});
export type TufKey = z.infer<typeof tufKey>;

const distinct = (ids: readonly string[]): boolean => new Set(ids).size === ids.length;

const roleKeys = {
  keyids: z.array(keyId).check(z.maxLength(256), z.refine(distinct, "each key once")),
  threshold: positiveInt,
};
const roleSchema = z.object(roleKeys);
export type RoleKeys = z.infer<typeof roleSchema>;

/** `2030-01-31T00:00:00Z` and no other form, as milliseconds of the epoch. */
const expiry = z.pipe(
  z.string().check(
    z.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/),
    z.refine((text) => toExpiry(Date.parse(text)) === text, "a time in UTC"),
  ),
  z.transform((text: string) => Date.parse(text)),
);

/** The expiry in the form of the specification; an empty text for what is no time. */
export function toExpiry(atMs: number): string {
  return Number.isFinite(atMs) ? `${new Date(atMs).toISOString().slice(0, 19)}Z` : "";
}

const common = {
  spec_version: z.string().check(z.regex(/^1\.\d+(\.\d+)?$/, "version 1 of the specification")),
  version: positiveInt,
  expires: expiry,
};

/** By algorithm. Unknown algorithms are tolerated beside one that is known. */
const hashes = z.record(z.string(), z.string().check(z.maxLength(512)));
const metaFile = z.object({
  version: positiveInt,
  length: z.optional(positiveInt),
  hashes: z.optional(hashes),
});
/** What one metadata file says of another. */
export type MetaFile = z.infer<typeof metaFile>;

const targetFile = z.object({
  length: nonNegativeInt,
  hashes,
  custom: z.optional(z.unknown()),
});
export type TargetFile = z.infer<typeof targetFile>;

const delegatedRole = z
  .object({
    ...roleKeys,
    name: z.string().check(z.minLength(1), z.maxLength(256)),
    terminating: z.boolean(),
    paths: z.optional(z.array(z.string().check(z.maxLength(1024)))),
    path_hash_prefixes: z.optional(z.array(z.string().check(z.regex(/^[0-9a-f]{1,64}$/)))),
  })
  .check(
    z.refine(
      ({ paths, path_hash_prefixes: prefixes }) => (paths === undefined) !== (prefixes === undefined),
      "either paths or path_hash_prefixes",
    ),
    z.refine(({ name }) => !(TOP_LEVEL_ROLES as readonly string[]).includes(name), "a name of its own"),
  );
export type DelegatedRole = z.infer<typeof delegatedRole>;

const keys = z.record(keyId, tufKey);

const rootSchema = z.object({
  _type: z.literal("root"),
  ...common,
  consistent_snapshot: z._default(z.boolean(), false),
  keys,
  roles: z.object({ root: roleSchema, timestamp: roleSchema, snapshot: roleSchema, targets: roleSchema }),
});
const timestampSchema = z.object({
  _type: z.literal("timestamp"),
  ...common,
  meta: z.object({ "snapshot.json": metaFile }),
});
const snapshotSchema = z.object({
  _type: z.literal("snapshot"),
  ...common,
  meta: z.record(z.string(), metaFile),
});
const targetsSchema = z.object({
  _type: z.literal("targets"),
  ...common,
  targets: z.record(z.string(), targetFile),
  delegations: z.optional(
    z.object({
      keys,
      roles: z.array(delegatedRole).check(
        z.maxLength(1024),
        z.refine((roles) => distinct(roles.map(({ name }) => name)), "each name once"),
      ),
    }),
  ),
});

const SCHEMAS = {
  root: rootSchema,
  timestamp: timestampSchema,
  snapshot: snapshotSchema,
  targets: targetsSchema,
} as const;

export interface SignedOf {
  readonly root: z.infer<typeof rootSchema>;
  readonly timestamp: z.infer<typeof timestampSchema>;
  readonly snapshot: z.infer<typeof snapshotSchema>;
  readonly targets: z.infer<typeof targetsSchema>;
}
export type Root = SignedOf["root"];
export type Timestamp = SignedOf["timestamp"];
export type Snapshot = SignedOf["snapshot"];
export type Targets = SignedOf["targets"];

const envelope = z.object({
  signed: z.record(z.string(), z.unknown()),
  signatures: z.array(z.object({ keyid: keyId, sig: z.string().check(z.maxLength(8192)) })).check(
    z.maxLength(1024),
    z.refine((given) => distinct(given.map(({ keyid }) => keyid)), "one signature of each key"),
  ),
});
export type Signatures = z.infer<typeof envelope>["signatures"];

/** One metadata file, its fields checked and its signatures not yet. */
export interface Metadata<Type extends TopLevelRole> {
  readonly signed: SignedOf[Type];
  readonly signatures: Signatures;
  /** What was signed: with all fields, also those that this version of the client does not know. */
  readonly signedBytes: Uint8Array;
}

/**
 * The metadata of a file; nothing says yet that they are genuine. Unknown fields are tolerated.
 *
 * Throws METADATA_MALFORMED, naming the field at fault, and for a file that is too long for its type.
 */
export function decodeMetadata<Type extends TopLevelRole>(type: Type, bytes: Uint8Array): Metadata<Type> {
  if (bytes.byteLength > MAX_METADATA_BYTES[type]) {
    const limits = `${bytes.byteLength} bytes; at most ${MAX_METADATA_BYTES[type]}`;
    throw new FedgeError("METADATA_MALFORMED", `${type} metadata of ${limits}`);
  }
  const context = { what: `${type} metadata`, code: "METADATA_MALFORMED" } as const;
  const { signed, signatures } = decodeWith(envelope, parse(type, bytes), context);
  if (type === "targets") refuseHashBins(signed);
  const checked = decodeWith(SCHEMAS[type], signed, context) as SignedOf[Type];
  return { signed: checked, signatures, signedBytes: canonicalJson(signed) };
}

/** TAP 15. Said by name: to a reader it looks like a file without its roles. */
function refuseHashBins(signed: unknown): void {
  const { delegations } = Object(signed) as { readonly delegations?: unknown };
  if (typeof delegations !== "object" || delegations === null || !("succinct_roles" in delegations)) return;
  throw new FedgeError(
    "METADATA_MALFORMED",
    "targets metadata: succinct_roles (hash bins, TAP 15) are not understood; delegate to roles by path_hash_prefixes",
  );
}

function parse(type: TopLevelRole, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FedgeError("METADATA_MALFORMED", `${type} metadata: not UTF-8 JSON`, { cause });
  }
}
