import { z } from "@hono/zod-openapi";
import { evaluationRunId } from "@fedge/protocol";
import {
  DEFAULT_MIN_DEVICES,
  LEAST_COHORT,
  MAX_ASKED_DEVICES,
  MAX_SEGMENTS,
  evaluationRun,
} from "../../evaluation/federated/run-record.js";
import { modelParams } from "./basic-schema.js";
import { fromProtocol } from "./protocol-schema.js";

const DEFAULT_NUM_DEVICES = 20;
const DEFAULT_MAX_EXAMPLES = 1000;
const DEFAULT_DEADLINE_MS = 300_000;

const version = z.number().int().positive();
const cohort = z.number().int().min(LEAST_COHORT).max(MAX_ASKED_DEVICES);
const filter = z.string().max(2048);

export const runParams = z.object({ runId: fromProtocol(evaluationRunId) });
export const runsParams = modelParams;

export const evaluationBody = z.object({
  version,
  against: version.nullable().default(null).describe("What it is compared with, on the same examples"),
  numDevices: cohort.default(DEFAULT_NUM_DEVICES).describe("Asked at a time, until so many have answered"),
  minDevices: cohort.default(DEFAULT_MIN_DEVICES).describe("Nothing is shown of fewer"),
  filter: filter.nullable().default(null).describe("Which devices are asked, as a device filter"),
  segments: z
    .array(filter)
    .max(MAX_SEGMENTS)
    .default([])
    .describe("Device filters that are shown by themselves"),
  maxExamples: z.number().int().min(1).max(100_000).default(DEFAULT_MAX_EXAMPLES),
  deadlineMs: z.number().int().min(1000).max(86_400_000).default(DEFAULT_DEADLINE_MS),
});
export type EvaluationBody = z.input<typeof evaluationBody>;

export const evaluationRunView = fromProtocol(evaluationRun, "EvaluationRun");
export const evaluationRunList = z
  .object({ runs: z.array(evaluationRunView).readonly().describe("Newest first") })
  .openapi("EvaluationRunList");
export type EvaluationRunBody = z.infer<typeof evaluationRunView>;
