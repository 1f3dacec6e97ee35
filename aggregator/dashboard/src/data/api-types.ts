import type { z } from "@hono/zod-openapi";
import type * as fleet from "../../../src/http/schema/fleet-schema.js";
import type * as drift from "../../../src/http/schema/drift-schema.js";
import type * as rollout from "../../../src/http/schema/rollout-schema.js";
import type * as device from "../../../src/http/schema/device-schema.js";

/** What the server's HTTP interface says; types only, so that none of its checks come into the page. */
export type RolloutData = rollout.RolloutBody;
export type WaveData = rollout.WaveBody;
export type GateData = rollout.GateBody;
export type TargetData = rollout.TargetBody;
export type HistoryData = rollout.HistoryBody;
export type TimelineData = rollout.TimelineBody;
export type PreviewData = rollout.PreviewBody;
export type DeviceData = device.DeviceBody;

export type ModelVerdictData = z.infer<typeof drift.driftVerdict>;
export type ModelDriftData = z.infer<typeof drift.driftModel>;
export type OutcomesData = NonNullable<ModelDriftData["outcomes"]>;
export type FeatureRowData = z.infer<typeof drift.driftFeatures>["features"][number];
export type FeatureData = z.infer<typeof drift.driftFeature>;
export type WindowsData = z.infer<typeof drift.driftWindows>;
export type AlertData = z.infer<typeof drift.driftAlert>;
export type Verdict = ModelVerdictData["verdict"];

export type DriftModelsAnswer = z.infer<typeof drift.driftModels>;
export type FeaturesAnswer = z.infer<typeof drift.driftFeatures>;
export type AlertsAnswer = z.infer<typeof drift.driftAlerts>;
export type TargetListAnswer = z.infer<typeof rollout.targetList>;
export type HistoryAnswer = z.infer<typeof rollout.rolloutHistory>;
export type TimelineAnswer = z.infer<typeof rollout.deviceTimeline>;
export type TemplateAnswer = z.infer<typeof rollout.templateList>;
export type DeviceListAnswer = z.infer<typeof device.deviceList>;
export type TagsAnswer = z.infer<typeof fleet.deviceTags>;
