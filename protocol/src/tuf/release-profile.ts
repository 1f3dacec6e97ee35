import * as z from "zod/mini";
import { blobRef, type BlobRef } from "../blob-ref.js";
import { FedgeError } from "../errors.js";
import { sha256, tenantId, type ModelName } from "../ids.js";
import type { Desired } from "../messages/fleet.js";
import { decodeWith, nonNegativeInt, positiveInt, shortText } from "../schema.js";
import { canonicalDocument } from "./canonical-json.js";
import { MAX_METADATA_BYTES, type MetaFile, type TargetFile } from "./metadata.js";

/** Most files of one bundle. */
const MAX_BUNDLE_FILES = 64;

/** `custom` of a target: what a device has to know of a release before it fetches anything of it. */
export const targetCustom = z.object({
  /** Grows with every release of a model, also with one that goes back to an earlier version. */
  releaseCounter: positiveInt,
  minRuntimeVersion: shortText,
  /** Forms in which the version can be served; missing where any engine can. */
  engines: z.optional(z.array(z.enum(["onnx", "layers"])).check(z.minLength(1), z.maxLength(2))),
  tenantId,
  /** Devices of which task's population it is for; missing for all of the tenant. */
  population: z.optional(shortText),
  /** Every file of the bundle but the manifest itself. */
  files: z
    .array(z.object({ sha256, sizeBytes: nonNegativeInt }))
    .check(z.minLength(1), z.maxLength(MAX_BUNDLE_FILES)),
});
export type TargetCustom = z.infer<typeof targetCustom>;

/** Retained at `meta/root`: where the roots are. Nothing in it is believed. */
export const rootChain = z.object({
  roots: z
    .array(z.object({ ...blobRef.shape, version: positiveInt }))
    .check(z.minLength(1), z.maxLength(1024)),
});
export type RootChain = z.infer<typeof rootChain>;

export const MAX_ROOT_CHAIN_BYTES = 128 * 1024;

/** `models/{model}/{version}/manifest.json`: the path of a version's manifest among the targets. */
export function targetPath(model: ModelName, version: number): string {
  return `models/${model}/${version}/manifest.json`;
}

/** The checked `custom` of a target. Throws METADATA_MALFORMED naming the field. */
export function decodeTargetCustom({ custom }: TargetFile): TargetCustom {
  return decodeWith(targetCustom, custom, { what: "target metadata", code: "METADATA_MALFORMED" });
}

/** The checked list of roots. Throws METADATA_MALFORMED. */
export function decodeRootChain(bytes: Uint8Array): RootChain {
  const context = { what: "list of roots", code: "METADATA_MALFORMED" } as const;
  if (bytes.byteLength > MAX_ROOT_CHAIN_BYTES) {
    throw new FedgeError(context.code, `a list of roots of ${bytes.byteLength} bytes`);
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FedgeError(context.code, "list of roots: not UTF-8 JSON", { cause });
  }
  return decodeWith(rootChain, value, context);
}

/**
 * The blob that metadata announce. Throws METADATA_MALFORMED for a file without hash or length, which cannot be fetched
 * by its content, and for one that is longer than its role may be.
 */
export function metadataBlob(role: string, { length, hashes }: MetaFile): BlobRef {
  const limitBytes = role === "snapshot" ? MAX_METADATA_BYTES.snapshot : MAX_METADATA_BYTES.targets;
  const found = z.safeParse(blobRef, { sha256: hashes?.["sha256"], sizeBytes: length });
  if (found.success && found.data.sizeBytes <= limitBytes) return found.data;
  throw new FedgeError("METADATA_MALFORMED", `${role} metadata are announced without a hash and a length`);
}

/** What a signature of a desired document covers: all of it but the signature. */
export function desiredBytes(desired: Desired): Uint8Array<ArrayBuffer> {
  return canonicalDocument({ ...desired, signature: undefined });
}
