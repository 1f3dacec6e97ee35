import { z } from "@hono/zod-openapi";
import { atMs, count, pageQuery } from "./basic-schema.js";

const hash = z.string().regex(/^[0-9a-f]{64}$/);

export const auditQuery = pageQuery.extend({
  since: z.coerce
    .number()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .describe("UTC epoch milliseconds"),
});

export const auditEntryBody = z
  .object({
    seq: count,
    atMs,
    actor: z.string(),
    action: z.string(),
    subject: z.string(),
    details: z.record(z.string(), z.unknown()).readonly(),
    previousHash: z.string(),
    hash: z.string(),
  })
  .openapi("AuditEntry");
export const auditList = z.object({ entries: z.array(auditEntryBody) });

/** A head that was noted before, to be found in the log again; both or neither. */
export const auditCheckQuery = z
  .object({
    seq: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
    hash: hash.optional(),
  })
  .refine(
    (noted) => (noted.seq === undefined) === (noted.hash === undefined),
    "give seq and hash, or neither",
  );

export const auditCheckBody = z
  .object({
    ok: z.boolean(),
    head: z.object({ seq: count, hash }).describe("the last entry that all before it vouch for"),
    brokenSeq: count.nullable().describe("the first entry that is wrong or missing"),
    reason: z.string().nullable(),
  })
  .openapi("AuditCheck");
