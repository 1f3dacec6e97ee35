import * as z from "zod/mini";
import { sha256 } from "./ids.js";
import { MAX_BLOB_BYTES } from "./limits.js";

/** Names immutable bytes by their content. */
export const blobRef = z.object({
  sha256,
  sizeBytes: z.int().check(z.gte(1), z.lte(MAX_BLOB_BYTES)),
});
export type BlobRef = z.infer<typeof blobRef>;
