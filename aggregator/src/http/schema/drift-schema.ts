import { referenceProfile } from "@fedge/protocol/profile";
import { z } from "@hono/zod-openapi";
import { alertRecord } from "../../drift/alerts/alert-record.js";
import {
  alertList as alerts,
  featureDetail as feature,
  featureRows as features,
  heatMap as heat,
  modelDetail as detail,
  modelVerdict,
  modelVerdicts as models,
} from "../../drift/drift-views.js";
import { modelNameText, modelParams } from "./basic-schema.js";
import { fromProtocol } from "./protocol-schema.js";
import { taskConfigBody } from "./task-schema.js";

const format = z.enum(["json", "csv"]).optional().describe("Also by `Accept: text/csv`; JSON unless given");
const MAX_WINDOWS = 1000;

export const formatQuery = z.object({ format });
export const viewQuery = z.object({
  format,
  version: z.coerce
    .number()
    .int()
    .min(1)
    .optional()
    .describe("The one whose windows are released, unless given"),
  cohort: z
    .string()
    .max(160)
    .regex(/^[ -~\u0080-\uffff]*$/, "no control characters")
    .optional()
    .describe("`attribute=value`; the whole fleet unless given"),
  window: z.coerce.number().int().min(0).optional().describe("The last that was shown, unless given"),
});
export const windowsQuery = viewQuery
  .omit({ window: true })
  .extend({ limit: z.coerce.number().int().min(1).max(MAX_WINDOWS).default(60) });
export const referenceQuery = viewQuery.omit({ window: true, format: true }).extend({
  windows: z.coerce.number().int().min(1).max(MAX_WINDOWS).default(3).describe("How many, the newest"),
  since: z.coerce.number().int().min(0).optional().describe("None before this window"),
  predictions: z
    .enum(["true", "false"])
    .default("true")
    .describe("False leaves predictions and scores without a reference"),
});
export const alertsQuery = z.object({
  format,
  model: modelNameText.optional(),
  open: z.enum(["true", "false"]).optional().describe("Only those that are open, or over"),
  limit: z.coerce.number().int().min(1).max(MAX_WINDOWS).default(100),
});

export const driftModelParams = modelParams;
export const featureParams = modelParams.extend({ name: z.string().min(1).max(128) });
export const alertParams = z.object({ alertId: z.string().regex(/^[0-9a-f]{1,64}$/) });
export const actQuery = z.object({
  revision: z.coerce
    .number()
    .int()
    .min(0)
    .optional()
    .describe("What the caller saw; refused with ALERT_STATE_CONFLICT when a person changed it since"),
});
export const silenceBody = z.object({
  forMs: z
    .number()
    .int()
    .min(60_000)
    .max(90 * 86_400_000)
    .describe("How long nothing is told of it"),
});
export const decisionBody = z.object({
  confirm: z.boolean().describe("True begins the training; false dismisses it"),
  task: taskConfigBody.optional().describe("How to train; as the model was trained last, unless given"),
});

export const driftModels = fromProtocol(models, "DriftModels");
export const driftModel = fromProtocol(detail, "DriftModel");
export const driftFeatures = fromProtocol(features, "DriftFeatures");
export const driftFeature = fromProtocol(feature, "DriftFeature");
export const driftWindows = fromProtocol(heat, "DriftWindows");
export const driftAlerts = fromProtocol(alerts, "DriftAlerts");
export const driftAlert = fromProtocol(alertRecord, "DriftAlert");
export const driftReference = fromProtocol(referenceProfile, "ReferenceProfile");
export const driftVerdict = fromProtocol(modelVerdict, "DriftVerdict");
