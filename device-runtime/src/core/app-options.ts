import { FedgeError, type DeviceAttributes } from "@fedge/protocol";
import type { LogOptions } from "./feature-log/log-limits.js";
import type { BaselineSource } from "./installs/baseline.js";
import type { Consent, TrainingData } from "./ports/application.js";

/** What an app decides wherever its device runs. */
export interface AppOptions {
  /** The aggregator, such as `https://fedge.example`; a page's origin has to be allowed there. */
  readonly server: string;
  /** The one model that the app uses, or `models` for several. */
  readonly model?: string;
  readonly models?: readonly string[];
  /** Labelled examples by model; those that are not here learn from the labelled predictions of the feature log. */
  readonly trainingData?: Readonly<Record<string, TrainingData>>;
  /** What the person has agreed to. What is not given is as it was the last time, and off the first time. */
  readonly consent?: Partial<Consent>;
  /** How much the device remembers of its predictions; false for nothing. */
  readonly featureLog?: LogOptions | false;
  readonly enrolmentKey?: string;
  /**
   * The TUF root that trust in releases begins with, as `fedge keys export-root` gives it. Without one, the root that the
   * server names at enrolment is trusted, and from then on only what it signed. One that is not of the chain that the
   * device follows, as after the server was made anew, takes its place.
   */
  readonly trustedRoot?: Uint8Array;
  /** Which part of the tenant's devices it belongs to: releases that are signed for another one are refused. */
  readonly population?: string;
  /** What the app says of the device, for the operator's filters, such as `{ region: "eu" }`. Never about its person. */
  readonly attributes?: DeviceAttributes;
  /** Versions that come with the app, by model: they serve when nothing else does. */
  readonly baseline?: Readonly<Record<string, BaselineSource>>;
  /** Least time between two messages of serving metrics; a minute by default. */
  readonly metricsIntervalMs?: number;
}

type PassedOn = Pick<
  AppOptions,
  "featureLog" | "attributes" | "baseline" | "metricsIntervalMs" | "trustedRoot" | "population"
>;

/** Those of an app's options that a device takes as they are. */
export function deviceOptionsOf(options: AppOptions): PassedOn {
  const { featureLog, attributes, baseline, metricsIntervalMs, trustedRoot, population } = options;
  return {
    ...(featureLog === undefined ? {} : { featureLog }),
    ...(attributes === undefined ? {} : { attributes }),
    ...(baseline === undefined ? {} : { baseline }),
    ...(metricsIntervalMs === undefined ? {} : { metricsIntervalMs }),
    ...(trustedRoot === undefined ? {} : { trustedRoot }),
    ...(population === undefined ? {} : { population }),
  };
}

/** The models of the options, each once. Throws OPTION_INVALID when there is none, or a server is missing. */
export function modelsOf({ server, ...names }: AppOptions): readonly string[] {
  if (typeof server !== "string" || !/^https?:\/\//i.test(server))
    throw new FedgeError("OPTION_INVALID", `server is ${JSON.stringify(server)}; give its http(s) address`);
  return modelNamesOf(names);
}

/** Each model that is named, once. Throws OPTION_INVALID when none is. */
export function modelNamesOf({
  model,
  models = [],
}: Pick<AppOptions, "model" | "models">): readonly string[] {
  const all = [...new Set([...(model === undefined ? [] : [model]), ...models])];
  if (all.length === 0)
    throw new FedgeError("OPTION_INVALID", 'name the model that the app uses: { model: "…" }');
  return all;
}
