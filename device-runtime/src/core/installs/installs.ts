import {
  FedgeError,
  decodeEnvelope,
  desired,
  deviceTopic,
  toWireError,
  type BlobRef,
  type Desired,
  type DesiredModel,
  type InstallReport,
  type ModelName,
} from "@fedge/protocol";
import type { TopicHandler } from "../connection/connection.js";
import { fullJitterMs } from "../connection/backoff.js";
import type { Credentials } from "../ports/transport.js";
import type { UnfitData } from "../monitor/monitors.js";
import { DEFAULT_INSTALL_POLICY } from "./default-policy.js";
import { InstallReports, type InstallStatus } from "./install-report.js";
import { PASSING } from "./install-faults.js";
import type { InstallFault, InstallGoal } from "./install-state.js";
import type { InstallsParts } from "./installs-parts.js";
import { ModelInstaller } from "./model-installer.js";
import { ShadowDesk } from "./shadow-desk.js";
import { removeUnusedBlobs, storedVersion } from "./unused-blobs.js";

interface ModelWork {
  readonly installer: ModelInstaller;
  readonly reports: InstallReports;
  readonly shadow: ShadowDesk;
}

/** Brings what the device serves to what the fleet's operator wants: always the latest, never what lay between. */
export class Installs {
  readonly #works: ReadonlyMap<ModelName, ModelWork>;
  #newest: Desired | null = null;
  #topic: TopicHandler | null = null;
  #refused: string | null = null;
  #taking: Promise<void> = Promise.resolve();
  #numPassingFailures = 0;
  #cancelTake: () => void = () => undefined;
  #stopLeaving: (() => void) | undefined;
  #isClosed = false;

  constructor(private readonly parts: InstallsParts) {
    this.#works = new Map([...parts.hosts.keys()].map((model) => [model, this.#workOf(model)]));
  }

  /** Serves what was committed before the last stop, without any network, and goes on with what was under way. */
  async restore(): Promise<void> {
    for (const { installer } of this.#works.values()) await installer.restore();
    const leave = (): void => this.#works.forEach(({ installer }) => installer.leave());
    this.#stopLeaving = this.parts.onLeaving?.(leave);
  }

  /** Where the work on each model's newest release stands; null before the first. */
  get statuses(): Readonly<Record<string, InstallStatus | null>> {
    return Object.fromEntries([...this.#works].map(([model, { installer }]) => [model, installer.status]));
  }

  /** Where the desired state of this device is retained. */
  topic({ tenantId, deviceId }: Credentials): TopicHandler {
    this.#topic = [deviceTopic(tenantId, deviceId, "desired"), (payload) => this.#receive(payload)];
    return this.#topic;
  }

  /** Whoever signs has changed: a release counts from now on whatever its number. Resolves when that is kept. */
  async beginAnew(): Promise<void> {
    this.#newest = null;
    await Promise.all([...this.#works.values()].map(({ installer }) => installer.beginAnew()));
  }

  /** A session has begun: what could not be told is told now. */
  online(): void {
    for (const { reports } of this.#works.values()) reports.tell();
  }

  /** A message of the server itself; `isNew` for a server that began anew and may have forgotten. */
  heardServer(isNew: boolean): void {
    for (const { installer, reports } of this.#works.values()) {
      installer.heardServer();
      if (isNew) reports.repeat();
    }
  }

  /** A prediction was made, or could not be. */
  served(model: ModelName): void {
    this.#works.get(model)?.installer.observe();
  }

  /** The monitor is sure that the data of a version have drifted, or are broken. */
  drifted(model: ModelName, unfit: UnfitData): void {
    void this.#works.get(model)?.installer.heard({ type: "drifted", ...unfit });
  }

  /** Deletes what no version needs any more, as after a round. An installation does that itself at its end. */
  tidy(): void {
    void this.#removeUnused();
  }

  /** Resolves when nothing is being installed any more. The fetcher must be closed before. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopLeaving?.();
    this.#cancelTake();
    this.parts.ports.trust?.close();
    await this.#taking;
    for (const { installer, shadow } of this.#works.values()) {
      await shadow.close();
      await installer.close();
    }
  }

  #receive(payload: Uint8Array): void {
    if (payload.byteLength === 0 || this.#isClosed) return;
    const { body } = decodeEnvelope(payload, desired, "desired state");
    this.#takeNext(body);
  }

  async #take(body: Desired): Promise<void> {
    if (this.#isClosed) return;
    if (this.#newest !== null && body.releaseCounter < this.#newest.releaseCounter)
      return this.heardServer(false);
    try {
      await this.#verify(body);
    } catch (error) {
      this.parts.onError(error);
      const fault = toWireError(error);
      return PASSING.has(fault.code) ? this.#takeLater(body) : this.#refuseAll(body, fault);
    }
    this.#numPassingFailures = 0;
    this.#newest = body;
    for (const [model, work] of this.#works) {
      const entry = body.models.find((one) => one.model === model);
      work.shadow.want(entry?.shadow ?? null);
      work.installer.want(entry === undefined ? null : goalOf(entry, body));
    }
    this.heardServer(false);
  }

  /** A disk without room, or metadata that did not come, say nothing against the document. */
  #takeLater(body: Desired): void {
    if (this.#isClosed) return;
    this.#numPassingFailures += 1;
    const { clock, random } = this.parts.ports;
    this.#cancelTake();
    this.#cancelTake = clock.after(fullJitterMs(this.#numPassingFailures, random), () =>
      this.#takeNext(body),
    );
  }

  #takeNext(body: Desired): void {
    this.#cancelTake();
    this.#taking = this.#taking.then(() => this.#take(body)).catch(this.parts.onError);
  }

  async #verify(body: Desired): Promise<void> {
    const own = this.parts.connection.credentials?.deviceId;
    if (body.deviceId !== undefined && own !== undefined && body.deviceId !== own) {
      const message = `the desired state is of device ${body.deviceId}; this is ${own}`;
      throw new FedgeError("RELEASE_OUT_OF_SCOPE", message);
    }
    await this.parts.ports.trust?.verifyDesired(body);
  }

  /** The same document comes with every session; it is refused once. */
  #refuseAll(body: Desired, fault: InstallFault): void {
    const name = JSON.stringify(body.models);
    if (name === this.#refused) return;
    this.#refused = name;
    for (const entry of body.models)
      if (this.#works.has(entry.model)) this.#refuse(entry.model, goalOf(entry, body), fault);
  }

  #refuse(model: ModelName, goal: InstallGoal, { code, message }: InstallFault): void {
    const { version, manifest, releaseCounter, rolloutId, attempt } = goal;
    this.#send({
      ...{ type: "install", model, version, releaseCounter, rolloutId, attempt },
      ...{ manifestSha256: manifest.sha256, step: 0, state: "rejected", code },
      message: message.slice(0, 256),
    });
  }

  #send(report: InstallReport): void {
    const { connection, mayReport, onError } = this.parts;
    if (mayReport() && connection.isOnline) connection.send("report", report).catch(onError);
  }

  /** The broker sends a retained document again to whoever subscribes again. */
  #askServer(): void {
    const { connection, onError } = this.parts;
    if (this.#topic !== null && connection.isOnline) connection.listen([this.#topic]).catch(onError);
  }

  async #removeUnused(): Promise<void> {
    const { ports, isBusy, hosts, onError } = this.parts;
    const works = [...this.#works.values()];
    const mayGoOn = (): boolean =>
      !this.#isClosed && !isBusy() && works.every((work) => !work.installer.isBusy && !work.shadow.isBusy);
    if (!mayGoOn()) return;
    try {
      const kept = await Promise.all(this.#neededManifests().map((ref) => storedVersion(ports.blobs, ref)));
      const served = [...hosts.values()].flatMap(({ active }) => active ?? []);
      await removeUnusedBlobs(ports.blobs, [...served, ...kept.flat()], mayGoOn);
    } catch (error) {
      onError(error);
    }
  }

  /** Of both slots: the version before is needed without any network until the new one stays. */
  #neededManifests(): BlobRef[] {
    const refs = [...this.#works.values()].flatMap(({ installer, shadow }) => {
      const { a, b } = installer.record.slots;
      return [a?.manifest, b?.manifest, shadow.manifest];
    });
    return [...refs, this.parts.trained()].flatMap((ref) => ref ?? []);
  }

  #workOf(model: ModelName): ModelWork {
    const { connection, hosts, onError, mayReport, ports, ...parts } = this.parts;
    const host = hosts.get(model);
    if (host === undefined) throw new FedgeError("INTERNAL", `model "${model}" has no host`);
    const trust = ports.trust ?? null;
    const installer: ModelInstaller = new ModelInstaller({
      ...{ model, ports, host, trust, onError },
      ...{ fetcher: parts.fetcher, counters: parts.counters, baseline: parts.baselines[model] ?? null },
      askServer: () => this.#askServer(),
      onVersion: (event) => parts.onVersion({ model, ...event }),
      onChange: (status) => {
        reports.tell();
        // The server counts as served what was committed last: it is told what serves now.
        if (status.state === "rolled-back" && status.code === "DATA_DRIFTED") parts.sayAgain();
        parts.onInstall({ model, ...status });
      },
      onSettled: () => this.tidy(),
      onRefused: (goal) => this.#refuse(model, goal, OLDER),
    });
    const reports = new InstallReports({
      ...{ model, connection, mayReport, onError },
      record: () => installer.record,
      onReported: (token) => installer.heard({ type: "reported", token }),
    });
    const shadow = new ShadowDesk({
      ...{ model, ports, fetcher: parts.fetcher, host, trust, onError },
      onReport: (report) =>
        this.#send({ type: "install", model, releaseCounter: this.#counterOf(model), ...report }),
    });
    return { installer, reports, shadow };
  }

  #counterOf(model: ModelName): number {
    const entry = this.#newest?.models.find((one) => one.model === model);
    return entry?.releaseCounter ?? this.#newest?.releaseCounter ?? 1;
  }
}

const OLDER: InstallFault = {
  code: "RELEASE_ROLLBACK",
  message:
    "the release is older than one that this device took up; go back by a newer release of the old version",
};

function goalOf(entry: DesiredModel, { releaseCounter }: Desired): InstallGoal {
  return {
    version: entry.version,
    manifest: entry.manifest,
    releaseCounter: entry.releaseCounter ?? releaseCounter,
    rolloutId: entry.rolloutId ?? null,
    attempt: entry.attempt ?? 1,
    policy: entry.policy ?? DEFAULT_INSTALL_POLICY,
  };
}
