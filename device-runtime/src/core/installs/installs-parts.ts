import type { BlobRef, ModelName } from "@fedge/protocol";
import type { BlobFetcher } from "../blobs/fetcher.js";
import type { Connection } from "../connection/connection.js";
import type { DevicePorts } from "../ports/ports.js";
import type { ModelHost } from "../serving/model-host.js";
import type { ServingCounters } from "../serving/serving-counters.js";
import type { BaselineSource } from "./baseline.js";
import type { InstallStatus } from "./install-report.js";

/** A version begins to serve. */
export interface VersionEvent {
  readonly model: ModelName;
  readonly version: number;
  /** When it was installed, UTC epoch milliseconds; null where that is not known, or it came with the app. */
  readonly installedAtMs: number | null;
}

/** What a device's installations are made of. */
export interface InstallsParts {
  readonly ports: Pick<
    DevicePorts,
    "store" | "blobs" | "serving" | "clock" | "random" | "newStop" | "digest" | "trust" | "memoryBytes"
  >;
  readonly connection: Pick<Connection, "send" | "listen" | "isOnline" | "credentials">;
  readonly fetcher: Pick<BlobFetcher, "fetch" | "kept">;
  readonly hosts: ReadonlyMap<ModelName, ModelHost>;
  readonly counters: ServingCounters;
  /** Versions that came with the app, by model. */
  readonly baselines: Readonly<Record<string, BaselineSource>>;
  /** Tells when the page goes without closing the device. */
  readonly onLeaving: ((listener: () => void) => () => void) | undefined;
  readonly mayReport: () => boolean;
  /** True while a local training needs blobs of another version; nothing is removed then. */
  readonly isBusy: () => boolean;
  /** Manifest of the version that was trained last: the next round needs its graphs again. */
  readonly trained: () => BlobRef | null;
  readonly onVersion: (event: VersionEvent) => void;
  /** Says anew to the server what the device serves. */
  readonly sayAgain: () => void;
  readonly onInstall: (event: { readonly model: ModelName } & InstallStatus) => void;
  readonly onError: (error: unknown) => void;
}
