import * as z from "zod/mini";
import { profileWindow } from "./profile-window.js";
import { servingMetrics } from "./serving-metrics.js";

/** What devices send on the channel `metrics`. */
export const metricsUp = z.discriminatedUnion("type", [servingMetrics, profileWindow]);
export type MetricsUp = z.infer<typeof metricsUp>;
