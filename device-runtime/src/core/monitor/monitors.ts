import {
  FedgeError,
  type BlobRef,
  type ModelName,
  type decodeEnvelope,
  type decodeSafetensors,
  type deviceTopic,
} from "@fedge/protocol";
import { layoutDocument, type ReferenceProfile } from "@fedge/protocol/profile";
import type { Connection } from "../connection/connection.js";
import type { DeviceMemory } from "../feature-log/device-memory.js";
import type { LogRow } from "../feature-log/log-row.js";
import type { DevicePorts } from "../ports/ports.js";
import type { ModelHost, ServedModel } from "../serving/model-host.js";
import type { latencyBin } from "../serving/serving-counter.js";
import type { WindowJudgement } from "./drift-judgement.js";
import type { DriftStatus } from "./drift-status.js";
import { readProfile } from "./read-profile.js";
import { numInputRows } from "./row-counter.js";
import { ShadowMemory } from "./shadow-truths.js";
import { VersionMonitor } from "./version-monitor.js";
import { WindowSender } from "./window-sender.js";

export interface MonitorsParts {
  readonly ports: Pick<DevicePorts, "store" | "blobs" | "clock" | "random" | "digest">;
  readonly connection: Pick<Connection, "send" | "listen" | "isOnline" | "credentials" | "onOnline">;
  readonly hosts: ReadonlyMap<ModelName, ModelHost>;
  readonly memory: Pick<DeviceMemory, "amend">;
  readonly decodeEnvelope: typeof decodeEnvelope;
  readonly decodeSafetensors: typeof decodeSafetensors;
  readonly deviceTopic: typeof deviceTopic;
  readonly latencyBin: typeof latencyBin;
  readonly mayReport: () => boolean;
  /** A window says that the data of a version have drifted, or are broken. */
  readonly onUnfit: (model: ModelName, unfit: UnfitData) => void;
  /** Told when what a model's status says has changed. */
  readonly onDrift: (event: { readonly model: ModelName } & DriftStatus) => void;
  readonly onError: (error: unknown) => void;
}

/** What a monitor is sure of. */
export interface UnfitData {
  readonly version: number;
  /** When that was seen, or not before; UTC epoch milliseconds. */
  readonly seenAtMs: number;
  /** Whether they drifted or are broken, and no more: it is reported. */
  readonly message: string;
}

interface Watching {
  readonly manifestSha256: string;
  readonly version: number;
  readonly isProven: boolean;
  readonly lengthMs: number;
  readonly monitor: VersionMonitor;
}

const MOST_NAMED = 20;
const SPEAKING: ReadonlySet<string> = new Set(["warning", "drift", "broken_data"]);

/** Watches every model whose version in use has a reference profile. */
export class Monitors {
  readonly #watching = new Map<ModelName, Watching>();
  readonly #sender: WindowSender;
  readonly #shadows: ShadowMemory;
  #queue: Promise<void>;
  #isClosed = false;

  constructor(private readonly parts: MonitorsParts) {
    this.#sender = new WindowSender(parts);
    this.#shadows = new ShadowMemory(parts);
    this.#queue = this.#sender.restore().catch(parts.onError);
    const online = (): void => (this.#isClosed ? undefined : this.#sender.online());
    parts.connection.onOnline(online);
    if (parts.connection.isOnline) this.#queue = this.#queue.then(online);
  }

  /** By model; only of those that are watched. */
  get status(): Readonly<Record<string, DriftStatus>> {
    return Object.fromEntries([...this.#watching].map(([model, one]) => [model, statusOf(one)]));
  }

  /** Why the model must not learn from this device's data now, in words; null when it may. */
  against(model: ModelName): string | null {
    const verdict = this.#watching.get(model)?.monitor.lastJudged?.verdict;
    if (verdict === "drift") return `the data of "${model}" have drifted`;
    return verdict === "broken_data" ? `the data of "${model}" are broken` : null;
  }

  /** The version in use is another one: its monitor takes over. Resolves when it watches. */
  served(model: ModelName): Promise<void> {
    this.#queue = this.#queue.then(() => this.#follow(model)).catch(this.parts.onError);
    return this.#queue;
  }

  /** The app noted something of a prediction. */
  noted({ model, version, id, atMs, inputs, fields }: LogRow, fieldsBefore: LogRow["fields"]): void {
    const [numRows, delayMs] = [numInputRows(inputs), this.parts.ports.clock.nowMs() - atMs];
    this.#of(model, version)?.said({ id, fields, fieldsBefore, label: null, numRows, delayMs });
  }

  /** The first truth of a prediction has come; the row is as it was before. */
  labelled(row: LogRow, label: NonNullable<LogRow["label"]>): void {
    const { model, version, id, outputs, shadow } = row;
    const monitor = this.#of(model, version);
    const delayMs = this.parts.ports.clock.nowMs() - row.atMs;
    const numRows = Math.min(numInputRows(row.inputs), label.shape[0] ?? 1);
    monitor?.said({ id, fields: {}, fieldsBefore: {}, label, numRows, delayMs });
    if (monitor === undefined || outputs === null) return;
    const labelled = { outputs, label, delayMs };
    monitor.labelled(labelled);
    if (shadow !== undefined && this.#isRunning(model, shadow.version))
      monitor.shadowJudged(labelled, shadow);
  }

  /** The consent may have changed. */
  reconsider(): void {
    this.#sender.reconsider();
  }

  /** What was seen is to be forgotten: counts, and what waits to be sent. Throws STORAGE_FAILED. */
  async erase(): Promise<void> {
    await this.#queue;
    for (const { monitor } of this.#watching.values()) await monitor.erase();
    await this.#sender.clear();
  }

  /** Keeps what is open. Resolves when nothing is written any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#queue;
    for (const { monitor } of this.#watching.values()) await monitor.close();
  }

  /** Labels of a shadow that is over are not counted: the fleet's counts do not say whose they are. */
  #isRunning(model: string, shadowVersion: number): boolean {
    return this.parts.hosts.get(model as ModelName)?.shadow?.version === shadowVersion;
  }

  #of(model: string, version: number): VersionMonitor | undefined {
    const watching = this.#watching.get(model as ModelName);
    return watching?.version === version ? watching.monitor : undefined;
  }

  async #follow(model: ModelName): Promise<void> {
    const host = this.parts.hosts.get(model);
    const active = host?.active ?? null;
    const before = this.#watching.get(model);
    if (host === undefined || before?.manifestSha256 === active?.manifestRef.sha256 || this.#isClosed) return;
    host.watch = null;
    this.#watching.delete(model);
    await before?.monitor.retire();
    const profile = active === null ? null : await this.#profileOf(active);
    if (active === null || profile === null) return;
    const { version, goldenFeatures } = active.manifest;
    const monitor = new VersionMonitor({
      ...{ model, version, profile, ports: this.parts.ports, sender: this.#sender },
      latencyBin: this.parts.latencyBin,
      onJudged: (judgement) => this.#judged(model, judgement),
      onShadow: (served, shadow) =>
        void this.#shadows.keep(served, shadow, (labelled) =>
          this.#of(model, served.version)?.shadowJudged(labelled, shadow),
        ),
      onError: this.parts.onError,
    });
    await monitor.restore();
    const { lengthMs } = profile.window;
    this.#watching.set(model, {
      ...{ manifestSha256: active.manifestRef.sha256, version, lengthMs, monitor },
      isProven: goldenFeatures !== undefined,
    });
    host.watch = monitor;
    this.#tell(model);
    // A process may have ended between the verdict and what follows from it.
    if (monitor.last !== null) this.#judgeFit(model, monitor.last.window * lengthMs);
  }

  #judged(model: ModelName, { verdict, numRows }: WindowJudgement): void {
    const watching = this.#watching.get(model);
    const counter = this.parts.hosts.get(model)?.active?.counter;
    if (watching === undefined) return;
    if (numRows > 0 && counter?.counted.version === watching.version)
      counter.windowClosed(verdict === "drift" || verdict === "broken_data");
    this.#tell(model);
    this.#judgeFit(model, this.parts.ports.clock.nowMs());
  }

  #judgeFit(model: ModelName, seenAtMs: number): void {
    const [version, message] = [this.#watching.get(model)?.version, this.against(model)];
    if (version !== undefined && message !== null) this.parts.onUnfit(model, { version, seenAtMs, message });
  }

  #tell(model: ModelName): void {
    const watching = this.#watching.get(model);
    if (watching !== undefined) this.parts.onDrift({ model, ...statusOf(watching) });
  }

  /** Null for a version without one. Throws PROFILE_INVALID, FEATURE_SKEW, STORAGE_FAILED. */
  async #profileOf({ manifest }: ServedModel): Promise<ReferenceProfile | null> {
    const { blobs, digest } = this.parts.ports;
    const kept = async ({ sha256 }: BlobRef): Promise<Uint8Array> => {
      const bytes = await blobs.get(sha256);
      if (bytes !== undefined) return bytes;
      const what = `the profile of ${manifest.model} or its golden rows are not here`;
      throw new FedgeError("STORAGE_FAILED", `${what}; nothing is watched`);
    };
    const profile = await readProfile(manifest, kept, this.parts.decodeSafetensors);
    if (profile === null) return null;
    if ((await digest.sha256(layoutDocument(profile))) !== profile.layoutSha256)
      throw new FedgeError(
        "PROFILE_INVALID",
        `the profile of ${manifest.model} names another layout than it has`,
      );
    return profile;
  }
}

function statusOf({ version, isProven, lengthMs, monitor }: Watching): DriftStatus {
  const { last } = monitor;
  const features = (last?.features ?? []).filter(({ verdict }) => SPEAKING.has(verdict));
  const joint = (last?.joint ?? []).filter(({ verdict }) => SPEAKING.has(verdict));
  return {
    ...{ version, isProven },
    verdict: last?.verdict ?? "learning",
    windowEndedAtMs: last === null ? null : (last.window + 1) * lengthMs,
    numRows: last?.numRows ?? 0,
    estimatedAccuracy: last?.estimatedAccuracy ?? null,
    features: features.slice(0, MOST_NAMED).map(({ name, verdict, reason }) => ({ name, verdict, reason })),
    joint: joint.map(({ name, method, verdict, reason }) => ({ name, method, verdict, reason })),
    noticed: last?.noticed ?? [],
  };
}
