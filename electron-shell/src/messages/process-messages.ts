import { deviceAttributes, modelName } from "@fedge/protocol";
import * as z from "zod/mini";

/** The device says what is wrong with an option, so that the app hears of it: here the whole message would be none. */
const hostedLog = z.looseObject({});

/** Which device the process hosts. */
const hostedDevice = z.object({
  server: z.string(),
  models: z.array(modelName).check(z.minLength(1)),
  stateDirectory: z.string().check(z.minLength(1)),
  enrolmentKey: z.optional(z.string()),
  /** A file with the root that the app trusts. */
  trustedRootFile: z.optional(z.string().check(z.minLength(1))),
  population: z.optional(z.string().check(z.minLength(1), z.maxLength(256))),
  featureLog: z.optional(z.union([hostedLog, z.literal(false)])),
  attributes: z.optional(deviceAttributes),
  /** By model: a folder with the version that comes with the app. */
  baselineDirectories: z.optional(z.record(z.string(), z.string().check(z.minLength(1)))),
});

const reasons = z.array(z.string());

/** What the main process tells the device's process. A `connect` comes with a port. */
const toDeviceProcess = z.discriminatedUnion("type", [
  z.object({ type: z.literal("start"), device: hostedDevice, reasons }),
  z.object({ type: z.literal("conditions"), reasons }),
  z.object({ type: z.literal("connect") }),
  z.object({ type: z.literal("stop") }),
]);

/** What is shown of the device beside its page. */
const deviceSummary = z.object({
  isOnline: z.boolean(),
  versions: z.record(z.string(), z.nullable(z.number())),
  waitingFor: reasons,
  phase: z.string(),
  problems: z.array(z.string()),
});

/** What the device's process tells the main one. */
const fromDeviceProcess = z.discriminatedUnion("type", [
  z.object({ type: z.literal("summary"), summary: deviceSummary }),
  z.object({ type: z.literal("failed"), code: z.string(), message: z.string() }),
  z.object({ type: z.literal("refused"), message: z.string() }),
  z.object({ type: z.literal("stopped") }),
]);

export type HostedDevice = z.infer<typeof hostedDevice>;
export type ToDeviceProcess = z.infer<typeof toDeviceProcess>;
export type DeviceSummary = z.infer<typeof deviceSummary>;
export type FromDeviceProcess = z.infer<typeof fromDeviceProcess>;

/** The message, checked; null for what is none. */
export function readToDeviceProcess(message: unknown): ToDeviceProcess | null {
  return toDeviceProcess.safeParse(message).data ?? null;
}

/** The message, checked; null for what is none. */
export function readFromDeviceProcess(message: unknown): FromDeviceProcess | null {
  return fromDeviceProcess.safeParse(message).data ?? null;
}
