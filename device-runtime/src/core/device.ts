import {
  FedgeError,
  decodeEnvelope,
  serverState,
  serverStateTopic,
  type Birth,
  type BlobRef,
  type ModelName,
} from "@fedge/protocol";
import { BlobFetcher } from "./blobs/fetcher.js";
import { Connection } from "./connection/connection.js";
import { DeviceEvents, type DeviceEventMap } from "./device-events.js";
import type { Device, DeviceModel, DeviceOptions, DeviceStatus, FeatureLogView } from "./device-interface.js";
import { keepConsent, keptConsent } from "./consent-record.js";
import { WaitingReasons } from "./waiting-reasons.js";
import { DeviceMemory } from "./feature-log/device-memory.js";
import type { LogField } from "./feature-log/log-row.js";
import { Farewells } from "./farewell/farewells.js";
import type { Consent } from "./ports/application.js";
import type { DevicePorts } from "./ports/ports.js";
import type { Credentials } from "./ports/transport.js";
import { Rounds } from "./rounds/rounds.js";
import { toModelName } from "./model-names.js";
import { Problems } from "./problems.js";
import { TrainingHistory } from "./rounds/training-history.js";
import { ModelHost } from "./serving/model-host.js";
import type { TensorLike } from "./serving/tensor-types.js";
import { createTrust, type DeviceTrust } from "./trust/create-trust.js";
import { RUNTIME_VERSION } from "./updates/installer.js";
import { Updates } from "./updates/updates.js";

/**
 * Starts a device. What was installed before serves when the promise resolves; the connection comes by itself.
 *
 * Throws OPTION_INVALID for a name that is none, STORAGE_FAILED when nothing can be read or kept.
 */
export async function createDevice(ports: DevicePorts, options: DeviceOptions): Promise<Device> {
  const device = new RunningDevice(ports, options);
  await device.start();
  return device;
}

class RunningDevice implements Device {
  readonly #events: DeviceEvents;
  readonly #hosts: ReadonlyMap<ModelName, ModelHost>;
  readonly #connection: Connection;
  readonly #fetcher: BlobFetcher;
  readonly #trust: DeviceTrust;
  readonly #updates: Updates;
  readonly #rounds: Rounds;
  #consent: Consent;
  #serverSession: number | null = null;
  #topicsOf: Credentials | null = null;
  #hasRestored = false;
  readonly #memory: DeviceMemory;
  readonly #problems: Problems;
  readonly #history: TrainingHistory;
  readonly #farewells: Farewells;
  readonly #installedAtMs = new Map<string, number | null>();
  readonly #waiting: WaitingReasons;
  /** Manifest of the latest assignment. */
  #trained: BlobRef | null = null;
  #stopListening: () => void = () => undefined;
  #closing: Promise<void> | null = null;

  constructor(
    private readonly ports: DevicePorts,
    private readonly options: DeviceOptions,
  ) {
    this.#consent = { training: false, reporting: false, ...options.consent };
    this.#events = new DeviceEvents();
    const models = options.models.map(toModelName);
    this.#problems = new Problems(options.problems ?? []);
    const onError = (error: unknown): void => {
      this.#problems.met(error);
      this.#events.emit("error", error);
    };
    const limits = options.featureLog ?? {};
    this.#memory = new DeviceMemory({ ports, limits, onChange: () => this.#logChanged(), onError });
    this.#history = new TrainingHistory(ports, () => this.#connection.traffic.bytesUp, onError);
    this.#farewells = new Farewells(ports, onError);
    const hostOf = (model: ModelName): ModelHost =>
      new ModelHost(model, this.#memory.recorder, () => ports.trainer.stepAside?.());
    this.#hosts = new Map(models.map((model) => [model, hostOf(model)]));
    this.#connection = new Connection({ ports, birth: (session) => this.#birth(session), onError });
    this.#fetcher = new BlobFetcher({ connection: this.#connection, ports, onError });
    const line = { ports, connection: this.#connection, fetcher: this.#fetcher, onError };
    this.#trust = createTrust({ ...line, trustedRoot: options.trustedRoot, problems: this.#problems });
    this.#updates = this.#createUpdates(onError);
    this.#rounds = this.#createRounds(models, onError);
    this.#waiting = new WaitingReasons({
      consent: () => this.#consent,
      isOnline: () => this.#connection.isOnline,
      numExamples: () => this.#rounds.numExamples,
      conditions: ports.conditions,
      onChange: (waitingFor) => this.#events.emit("conditions", { waitingFor }),
    });
  }

  async start(): Promise<void> {
    const mustTell = await this.#farewells.restore();
    // Whoever was here before has gone; this device must not wait for the server to hear of it.
    if (mustTell) this.#farewells.tellLate().catch((error: unknown) => this.#events.emit("error", error));
    this.#consent = { ...(await keptConsent(this.ports.store)), ...this.options.consent };
    await this.#memory.restore();
    await this.#history.restore();
    await this.#updates.restore();
    await this.#rounds.restore();
    this.#connection.onOnline(
      () => void this.#online().catch((error: unknown) => this.#events.emit("error", error)),
    );
    this.#connection.onOffline(() => this.#connected(false));
    this.#stopListening = this.ports.conditions.onChange(() => this.#reconsider());
    this.#connection.start();
  }

  model(name: string): DeviceModel {
    const host = this.#hosts.get(name as ModelName);
    if (host === undefined) {
      throw new FedgeError(
        "MODEL_UNKNOWN",
        `"${name}" is not among this device's models (${this.options.models.join(", ")})`,
      );
    }
    return {
      predict: (inputs) => host.predict(inputs),
      get version() {
        return host.active?.manifest.version ?? null;
      },
    };
  }

  on<K extends keyof DeviceEventMap>(event: K, listener: (detail: DeviceEventMap[K]) => void): () => void {
    return this.#events.on(event, listener);
  }

  status(): DeviceStatus {
    const each = <T>(of: (host: ModelHost) => T): Readonly<Record<string, T>> =>
      Object.fromEntries([...this.#hosts].map(([model, host]) => [model, of(host)]));
    return {
      deviceId: this.#connection.credentials?.deviceId ?? null,
      isOnline: this.#connection.isOnline,
      versions: each(({ active }) => active?.manifest.version ?? null),
      installedAtMs: each(({ model }) => this.#installedAtMs.get(model) ?? null),
      engine: this.ports.serving.name,
      log: this.#memory.totals,
      round: { phase: this.#rounds.phase, roundId: this.#rounds.assignment?.roundId ?? null },
      trainings: this.#history.records,
      problems: this.#problems.all,
      waitingFor: this.#waiting.reasons(),
      consent: this.#consent,
      ...this.#connection.traffic,
    };
  }

  setConsent(consent: Partial<Consent>): void {
    this.#consent = { ...this.#consent, ...consent };
    keepConsent(this.ports.store, this.#consent).catch((error: unknown) => this.#events.emit("error", error));
    this.#reconsider();
  }

  log(id: string, fields: Readonly<Record<string, LogField>>): Promise<void> {
    return this.#memory.note(this.#hosts, id, fields);
  }

  label(id: string, truth: TensorLike): Promise<void> {
    return this.#memory.label(this.#hosts, id, truth);
  }

  get featureLog(): FeatureLogView {
    return this.#memory.view;
  }

  async forget(): Promise<{ readonly isServerTold: boolean }> {
    await this.close();
    const isServerTold = await this.#farewells.say();
    this.#events.emit("forgotten", { isServerTold });
    return { isServerTold };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stopListening();
    this.#waiting.close();
    this.#fetcher.close();
    this.#trust.close();
    await this.#updates.close();
    await this.#rounds.close();
    await this.#connection.close();
    await this.ports.trainer.close();
    for (const host of this.#hosts.values()) await host.close();
    await this.#memory.close();
    await this.#history.close();
  }

  #connected(isOnline: boolean): void {
    this.#events.emit("state", { isOnline });
    this.#waiting.tell();
  }

  #logChanged(): void {
    this.#problems.kept();
    this.#events.emit("log", this.#memory.totals);
    // The first example may be what the device waited for.
    if (this.#waiting.tell()) this.#rounds.reconsider();
  }

  #reconsider(): void {
    this.#rounds.reconsider();
    this.#waiting.tell();
  }

  /** Topics have the tenant and the device in their names, which a session learns; later ones subscribe them again. */
  async #online(): Promise<void> {
    this.#connected(true);
    const { credentials } = this.#connection;
    const { tenantId, deviceId } = this.#topicsOf ?? {};
    if (credentials !== null && (credentials.tenantId !== tenantId || credentials.deviceId !== deviceId)) {
      this.#topicsOf = credentials;
      await this.#connection.listen([
        this.#rounds.topic(credentials),
        ...this.#trust.topics(credentials),
        this.#updates.topic(credentials),
        [serverStateTopic(credentials.tenantId), (payload): void => this.#serverSpoke(payload)],
      ]);
    }
    if (this.#hasRestored) return this.#rounds.online();
    this.#hasRestored = true;
    await this.#rounds.takeUp();
    this.#rounds.reconsider();
  }

  /** A server that began anew has forgotten who is here and who waits. */
  #serverSpoke(payload: Uint8Array): void {
    const { body } = decodeEnvelope(payload, serverState, "server state");
    const isNew = this.#serverSession !== null && body.session !== this.#serverSession;
    this.#serverSession = body.session;
    if (!isNew || body.presence !== "online" || !this.#connection.isOnline) return;
    this.#connection.announce().catch((error: unknown) => this.#events.emit("error", error));
    this.#rounds.online();
  }

  #birth(session: number): Birth {
    const models = [...this.#hosts.values()].flatMap(({ model, active }) => {
      return active === null
        ? []
        : [{ model, version: active.manifest.version, manifestSha256: active.manifestRef.sha256 }];
    });
    const { platform } = this.options;
    const engine = this.ports.serving.name;
    return { type: "birth", session, runtimeVersion: RUNTIME_VERSION, engine, platform, models };
  }

  #heardOfRound(event: DeviceEventMap["round"]): void {
    this.#trained = this.#rounds.assignment?.manifest ?? this.#trained;
    // Every round has a base version of its own: its checkpoint is of no use after it.
    if (this.#rounds.phase === "resting") this.#updates.tidy();
    this.#history.heard(event, this.#rounds);
    this.#events.emit("round", event);
  }

  #createUpdates(onError: (error: unknown) => void): Updates {
    return new Updates({
      ports: this.ports,
      connection: this.#connection,
      fetcher: this.#fetcher,
      trust: this.#trust,
      hosts: this.#hosts,
      mayReport: () => this.#consent.reporting,
      isBusy: () => this.#rounds.phase === "training",
      trained: () => this.#trained,
      onVersion: ({ installedAtMs, ...event }) => {
        this.#installedAtMs.set(event.model, installedAtMs);
        this.#problems.kept();
        this.#events.emit("version", event);
      },
      onError,
    });
  }

  #createRounds(models: readonly ModelName[], onError: (error: unknown) => void): Rounds {
    const trainingData = this.#memory.trainingData(this.#hosts, this.ports.trainingData);
    return new Rounds({
      ports: { ...this.ports, trainingData },
      connection: this.#connection,
      fetcher: this.#fetcher,
      models,
      mayTrain: () => this.#consent.training,
      beforeReport: this.options.beforeReport ?? null,
      onRound: (event) => this.#heardOfRound(event),
      onError,
    });
  }
}
