import { z } from "@hono/zod-openapi";
import { VERDICTS } from "../../evaluation/compare/compare-versions.js";
import { modelCard } from "../../registry/cards/model-card.js";
import { RISK_CLASSES, statement } from "../../registry/registry-store.js";
import { retentionPolicy } from "../../registry/retention/retention-policy.js";
import { atMs, count, modelNameText, modelParams, sha256Text, versionNumber } from "./basic-schema.js";
import { fromProtocol } from "./protocol-schema.js";

const reason = z.string().min(1).max(1024).describe("Why, for whoever reads the history");

export const aliasParams = modelParams.extend({ alias: z.string().max(64) });

export const aliasBody = z.object({
  version: z.number().int().positive().nullable().describe("null takes the alias away"),
  expected: z
    .number()
    .int()
    .positive()
    .nullable()
    .optional()
    .describe("The version that it is believed to name; the move is refused when it names another"),
  reason,
});

export const aliasMove = z
  .object({
    model: modelNameText,
    alias: z.string(),
    fromVersion: z.number().int().positive().nullable(),
    toVersion: z.number().int().positive().nullable(),
    actor: z.string(),
    reason: z.string(),
    atMs,
  })
  .openapi("AliasMove");
export type AliasMoveBody = z.infer<typeof aliasMove>;

export const aliasList = z
  .object({
    aliases: z
      .array(z.object({ alias: z.string(), version: z.number().int().positive(), movedAtMs: atMs }))
      .readonly(),
    moves: z.array(aliasMove).readonly().describe("Newest first"),
  })
  .openapi("AliasList");
export type AliasListBody = z.infer<typeof aliasList>;

export const aliasResult = z.object({
  move: aliasMove.nullable().describe("null when it was there already"),
});

export const versionFacts = z
  .object({
    aliases: z.array(z.string()).readonly(),
    tags: z.array(z.string()).readonly(),
    statements: z
      .array(z.object({ actor: z.string(), statement: fromProtocol(statement, "Statement"), atMs }))
      .readonly(),
  })
  .openapi("VersionFacts");
export type VersionFactsBody = z.infer<typeof versionFacts>;

const tags = z.array(z.string().max(64)).max(64);
export const tagBody = z.object({ add: tags.default([]), remove: tags.default([]) });
export const noteBody = z.object({ text: z.string().min(1).max(4096) });
export const riskBody = z.object({
  riskClass: z.enum(RISK_CLASSES),
  text: z.string().max(4096).default("").describe("Why"),
});

export const cardView = z
  .object({
    revision: count,
    sha256: sha256Text,
    card: fromProtocol(modelCard, "ModelCard"),
    markdown: z.string(),
  })
  .openapi("CardView");

export const compareQuery = z.object({
  a: versionNumber.describe("The version to compare with"),
  b: versionNumber.describe("The version that the verdict speaks of"),
  dataSet: z
    .string()
    .max(256)
    .optional()
    .describe("Every data set that both were evaluated on, unless given"),
});

const metricComparison = z
  .object({
    a: z.number(),
    b: z.number(),
    difference: z.number(),
    low: z.number().describe("Of the 95 % interval of the difference"),
    high: z.number(),
    pValue: z.number(),
    method: z.enum(["mcnemar", "paired-mean", "two-proportions"]),
  })
  .openapi("MetricComparison");

export const comparisonList = z
  .object({
    comparisons: z
      .array(
        z.object({
          dataSet: z.string(),
          segment: z.string(),
          numExamples: count,
          accuracy: metricComparison.nullable(),
          loss: metricComparison.nullable(),
          verdict: z.enum(VERDICTS),
          reason: z.string(),
        }),
      )
      .readonly(),
  })
  .openapi("ComparisonList");
export type ComparisonBody = z.infer<typeof comparisonList>["comparisons"][number];

export const verification = z
  .object({
    model: z.string(),
    version: z.number().int().positive(),
    kind: z.enum(["reproduced", "hashes"]).describe("hashes: an import has no aggregation to do again"),
    checks: z
      .array(z.object({ what: z.string(), isSame: z.boolean(), expected: z.string(), found: z.string() }))
      .readonly(),
  })
  .openapi("Verification");
export type VerificationBody = z.infer<typeof verification>;

export const attachResult = z
  .object({ model: z.string(), version: z.number().int().positive(), manifestSha256: z.string() })
  .openapi("AttachResult");

export const bundleResult = z
  .object({
    model: z.string(),
    version: z.number().int().positive(),
    manifestSha256: z.string(),
    isNew: z.boolean().describe("false when the same version was here already"),
  })
  .openapi("BundleResult");

const versionId = z.object({ model: z.string(), version: z.number().int().positive() });

export const retentionReport = z
  .object({
    policy: fromProtocol(retentionPolicy, "RetentionPolicy"),
    deleted: z.array(versionId).readonly(),
    held: z.array(versionId.extend({ heldBy: z.array(z.string()).readonly() })).readonly(),
    numSumsForgotten: count,
    numBlobsDeleted: count,
    isDone: z.boolean().describe("false for what a run would do"),
  })
  .openapi("RetentionReport");
export type RetentionReportBody = z.infer<typeof retentionReport>;
