import { blobRef, decodeWith, modelName } from "@fedge/protocol";
import * as z from "zod/mini";

export const BUNDLE_FORMAT = 1;
export const INDEX_FILE = "bundle.json";
export const MANIFEST_FILE = "manifest.json";
export const CARD_FILE = "card.json";
export const CARD_PAGE_FILE = "card.md";
export const blobFile = (sha256: string): string => `blobs/${sha256}`;

const count = z.int().check(z.gte(0));

/** First file of a bundle: what is in it, and what the registry knew of the version. */
export const bundleIndex = z.object({
  format: z.literal(BUNDLE_FORMAT),
  model: modelName,
  version: z.int().check(z.gte(1)),
  manifest: blobRef,
  card: blobRef,
  cardPage: blobRef,
  /** By hash: all that the manifest names, the optimizer's state, and results of evaluations. */
  blobs: z.array(blobRef).check(z.maxLength(256)),
  optimizerState: z.nullable(blobRef),
  numUpdates: count,
  numExamples: count,
  createdAtMs: z.number(),
  provenance: z.object({
    cohortSize: count,
    privacySpent: z.nullable(z.object({ epsilon: z.number(), delta: z.number() })),
    dataWindow: z.nullable(z.object({ firstMs: z.number(), lastMs: z.number() })),
    codeVersion: z.string().check(z.maxLength(64)),
    signer: z.nullable(z.string().check(z.maxLength(128))),
  }),
  evaluations: z
    .array(
      z.object({
        dataSet: z.string().check(z.minLength(1), z.maxLength(256)),
        segment: z.string().check(z.maxLength(1024)),
        numExamples: count,
        accuracy: z.nullable(z.number().check(z.gte(0), z.lte(1))),
        loss: z.number(),
        results: z.nullable(blobRef),
        evaluatedAtMs: z.number(),
      }),
    )
    .check(z.maxLength(1024)),
});
export type BundleIndex = z.infer<typeof bundleIndex>;

const CONTEXT = { what: "bundle", code: "DATA_CORRUPT" } as const;

export function encodeBundleIndex(index: BundleIndex): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(decodeWith(bundleIndex, index, CONTEXT)));
}

/** Throws DATA_CORRUPT naming the field. */
export function decodeBundleIndex(bytes: Uint8Array): BundleIndex {
  return decodeWith(bundleIndex, parse(bytes), CONTEXT);
}

/** Undefined, which the schema refuses, for what is not JSON. */
function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
