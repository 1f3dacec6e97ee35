import { z } from "@hono/zod-openapi";
import { EXPIRY_STATES, METADATA_ROLES } from "../../signing/metadata-expiry.js";
import { atMs, count, modelNameText, taskIdText } from "./basic-schema.js";
import { driftVerdict } from "./drift-schema.js";
import { modelView, versionView } from "./model-schema.js";
import { storedRound } from "./round-schema.js";
import { rolloutIdText, rolloutView } from "./rollout-schema.js";
import { taskView } from "./task-schema.js";

const countByName = z.record(z.string(), count).readonly();

export const fleetView = z
  .object({
    total: count,
    byPresence: countByName,
    byServing: countByName,
    untrusting: countByName.describe("Devices in service that believe nothing new, by error code"),
  })
  .openapi("Fleet");

const metadataExpiry = z
  .object({
    role: z.enum(METADATA_ROLES),
    version: count,
    expiresAtMs: atMs,
    state: z.enum(EXPIRY_STATES).describe("`soon`: somebody has to act; `expired`: devices install nothing"),
  })
  .openapi("MetadataExpiry");

const release = z
  .object({ model: modelNameText, releaseCounter: count, version: count, releasedAtMs: atMs })
  .openapi("Release");

export const overviewBody = z
  .object({
    startedAtMs: atMs,
    version: z.string(),
    tenantId: z.string(),
    fleet: fleetView,
    tasks: z.array(taskView).readonly(),
    models: z.array(modelView).readonly(),
    releases: z.array(release).readonly(),
    bytesUp: count,
    bytesDown: count,
    metadata: z.array(metadataExpiry).readonly().describe("When the published signed metadata expire"),
    appPages: z.array(z.string()).readonly().describe("Paths of pages of apps, such as `/keyboard/`"),
  })
  .openapi("Overview");
export type OverviewBody = z.infer<typeof overviewBody>;

/** What the event stream says; every message replaces what the page knew about the rows that it names. */
export const feedMessage = z
  .discriminatedUnion("event", [
    z.object({ event: z.literal("overview"), data: overviewBody }),
    z.object({
      event: z.literal("rounds"),
      data: z.object({ taskId: taskIdText, rounds: z.array(storedRound).readonly() }),
    }),
    z.object({
      event: z.literal("versions"),
      data: z.object({ model: modelNameText, versions: z.array(versionView).readonly() }),
    }),
    z.object({
      event: z.literal("rollouts"),
      data: z.object({
        rollouts: z.array(rolloutView).readonly(),
        deleted: z.array(rolloutIdText).readonly(),
      }),
    }),
    z.object({
      event: z.literal("drift"),
      data: z.object({ model: modelNameText, window: count, verdict: driftVerdict }),
    }),
    z.object({ event: z.literal("heartbeat"), data: z.object({ atMs }) }),
  ])
  .openapi("FeedMessage");
export type FeedMessage = z.infer<typeof feedMessage>;

const check = z.object({ ok: z.boolean(), detail: z.string().optional() });

export const healthBody = z
  .object({ status: z.enum(["ok", "degraded"]), checks: z.record(z.string(), check).readonly() })
  .openapi("Health");
export type HealthBody = z.infer<typeof healthBody>;
