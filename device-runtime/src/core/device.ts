import { decodeEnvelope, serverState, serverStateTopic, type Birth, type ModelName } from "@fedge/protocol";
import { birthOf } from "./device-birth.js";
import { BlobFetcher } from "./blobs/fetcher.js";
import { Connection } from "./connection/connection.js";
import { DeviceEvents, type DeviceEventMap } from "./device-events.js";
import { deviceModel, deviceStatus } from "./device-status.js";
import type { Device, DeviceModel, DeviceOptions, DeviceStatus, FeatureLogView } from "./device-interface.js";
import { keepConsent, keptConsent } from "./consent-record.js";
import { WaitingReasons } from "./waiting-reasons.js";
import { DeviceMemory } from "./feature-log/device-memory.js";
import type { LogField } from "./feature-log/log-row.js";
import { Farewells } from "./farewell/farewells.js";
import { MonitorDesk } from "./monitor/monitor-desk.js";
import type { Consent } from "./ports/application.js";
import type { DevicePorts } from "./ports/ports.js";
import type { Credentials } from "./ports/transport.js";
import { Learning } from "./learning.js";
import { toModelName, unknownModel } from "./model-names.js";
import { Problems } from "./problems.js";
import { createHosts } from "./serving/create-hosts.js";
import type { ModelHost } from "./serving/model-host.js";
import type { TensorLike } from "./serving/tensor-types.js";
import { createTrust, type DeviceTrust, type TrustParts } from "./trust/create-trust.js";
import { Installs } from "./installs/installs.js";
import { DEFAULT_METRICS_INTERVAL_MS, ServingCounters } from "./serving/serving-counters.js";

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
  readonly #counters: ServingCounters;
  readonly #installs: Installs;
  readonly #learning: Learning;
  readonly #monitoring: MonitorDesk;
  #consent: Consent;
  #serverSession: number | null = null;
  #topicsOf: Credentials | null = null;
  #hasRestored = false;
  readonly #memory: DeviceMemory;
  readonly #problems: Problems;
  readonly #farewells: Farewells;
  readonly #installedAtMs = new Map<string, number | null>();
  readonly #waiting: WaitingReasons;
  #stopListening: () => void = () => undefined;
  #closing: Promise<void> | null = null;

  constructor(
    private readonly ports: DevicePorts,
    private readonly options: DeviceOptions,
  ) {
    this.#consent = { training: false, reporting: false, ...options.consent };
    this.#events = new DeviceEvents();
    const models = options.models.map(toModelName);
    this.#problems = new Problems(options.problems ?? [], () => this.#sayAgain());
    const onError = (error: unknown): void => {
      this.#problems.met(error);
      this.#events.emit("error", error);
    };
    this.#memory = this.#createMemory(onError);
    this.#farewells = new Farewells(ports, onError);
    this.#hosts = createHosts(models, ports, {
      recorder: this.#memory.recorder,
      onServed: (model) => this.#installs.served(model),
      onRequest: () => this.#learning.evaluations.tell((all) => all.stepAside()),
    });
    const spoken = { hosts: this.#hosts, problems: this.#problems };
    const birth = (session: number): Birth => birthOf(session, ports.serving, options, spoken);
    this.#connection = new Connection({ ports, birth, onError });
    this.#counters = new ServingCounters({
      ...{ ports, connection: this.#connection, onError },
      mayReport: () => this.#consent.reporting,
      intervalMs: options.metricsIntervalMs ?? DEFAULT_METRICS_INTERVAL_MS,
    });
    this.#monitoring = this.#createMonitoring(onError);
    this.#fetcher = new BlobFetcher({ connection: this.#connection, ports, onError });
    const line = { ports, connection: this.#connection, fetcher: this.#fetcher, onError };
    this.#trust = this.#createTrust(line);
    this.#installs = this.#createInstalls(onError);
    this.#learning = this.#createLearning(models, onError);
    this.#waiting = new WaitingReasons({
      ...{ consent: () => this.#consent, isOnline: () => this.#connection.isOnline },
      ...{ conditions: ports.conditions, numExamples: () => this.#learning.rounds.numExamples },
      unfit: () => models.flatMap((model) => this.#monitoring.against(model) ?? []),
      onChange: (waitingFor) => this.#events.emit("conditions", { waitingFor }),
    });
  }

  async start(): Promise<void> {
    const mustTell = await this.#farewells.restore();
    // Whoever was here before has gone; this device must not wait for the server to hear of it.
    if (mustTell) this.#farewells.tellLate().catch((error: unknown) => this.#events.emit("error", error));
    this.#consent = { ...(await keptConsent(this.ports.store)), ...this.options.consent };
    await this.#memory.restore();
    await this.#installs.restore();
    await this.#learning.restore();
    this.#counters.start();
    this.#connection.onOnline(
      () => void this.#online().catch((error: unknown) => this.#events.emit("error", error)),
    );
    this.#connection.onOffline(() => this.#connected(false));
    this.#stopListening = this.ports.conditions.onChange(() => this.#reconsider());
    this.#connection.start();
  }

  model(name: string): DeviceModel {
    const host = this.#hosts.get(name as ModelName);
    if (host === undefined) throw unknownModel(name, this.options.models);
    return deviceModel(host);
  }

  on<K extends keyof DeviceEventMap>(event: K, listener: (detail: DeviceEventMap[K]) => void): () => void {
    return this.#events.on(event, listener);
  }

  status(): DeviceStatus {
    return deviceStatus({
      ...{ connection: this.#connection, hosts: this.#hosts, installedAtMs: this.#installedAtMs },
      ...{ installs: this.#installs, engine: this.ports.serving.name, memory: this.#memory },
      ...{ learning: this.#learning, problems: this.#problems, monitoring: this.#monitoring },
      ...{ waiting: this.#waiting, consent: this.#consent },
    });
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
    await this.#installs.close();
    await this.#learning.close();
    await this.#monitoring.close();
    await this.#counters.close();
    await this.#connection.close();
    await this.ports.trainer.close();
    for (const host of this.#hosts.values()) await host.close();
    await this.#memory.close();
    await this.#learning.history.close();
  }

  #connected(isOnline: boolean): void {
    this.#events.emit("state", { isOnline });
    this.#waiting.tell();
  }

  /** The operator learns of it without waiting for the next session. */
  #sayAgain(): void {
    if (!this.#connection.isOnline) return;
    this.#connection.announce().catch((error: unknown) => this.#events.emit("error", error));
  }

  #logChanged(): void {
    this.#problems.kept();
    this.#events.emit("log", this.#memory.totals);
    // The first example may be what the device waited for.
    if (this.#waiting.tell()) this.#learning.rounds.reconsider();
  }

  #reconsider(): void {
    this.#monitoring.monitors?.reconsider();
    this.#learning.reconsider();
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
        this.#learning.topic(credentials),
        ...this.#trust.topics(credentials),
        this.#installs.topic(credentials),
        [serverStateTopic(credentials.tenantId), (payload): void => this.#serverSpoke(payload)],
      ]);
    }
    this.#installs.online();
    this.#learning.evaluations.tell((all) => all.online());
    if (this.#hasRestored) return this.#learning.rounds.online();
    this.#hasRestored = true;
    await this.#learning.rounds.takeUp();
    this.#learning.rounds.reconsider();
  }

  /** A server that began anew has forgotten who is here and who waits. */
  #serverSpoke(payload: Uint8Array): void {
    const { body } = decodeEnvelope(payload, serverState, "server state");
    const isNew = this.#serverSession !== null && body.session !== this.#serverSession;
    this.#serverSession = body.session;
    if (body.presence === "online") this.#installs.heardServer(isNew);
    if (!isNew || body.presence !== "online" || !this.#connection.isOnline) return;
    this.#sayAgain();
    this.#learning.rounds.online();
  }

  #createTrust(line: Pick<TrustParts, "ports" | "connection" | "fetcher" | "onError">): DeviceTrust {
    const { trustedRoot, population } = this.options;
    const onOtherAuthority = (): Promise<void> => this.#installs.beginAnew();
    return createTrust({ ...line, trustedRoot, population, problems: this.#problems, onOtherAuthority });
  }

  #createMemory(onError: (error: unknown) => void): DeviceMemory {
    return new DeviceMemory({
      ...{ ports: this.ports, options: this.options.featureLog ?? {}, onError },
      onChange: () => this.#logChanged(),
      explaining: () => ({ fetcher: this.#fetcher, hosts: this.#hosts, learning: this.#learning }),
      onErasing: (models) => this.#learning.unlearn(models),
      ...{ listener: () => this.#monitoring.monitors, onErased: () => this.#monitoring.monitors?.erase() },
    });
  }

  #createMonitoring(onError: (error: unknown) => void): MonitorDesk {
    return new MonitorDesk({
      ...{ ports: this.ports, connection: this.#connection, hosts: this.#hosts, onError },
      ...{ memory: this.#memory, mayReport: () => this.#consent.reporting },
      onUnfit: (model, unfit) => this.#installs.drifted(model, unfit),
      onDrift: (event) => {
        this.#events.emit("drift", event);
        this.#reconsider();
      },
    });
  }

  #createInstalls(onError: (error: unknown) => void): Installs {
    return new Installs({
      ports: { ...this.ports, trust: this.#trust },
      ...{ connection: this.#connection, fetcher: this.#fetcher, hosts: this.#hosts },
      ...{ counters: this.#counters, onLeaving: this.options.onLeaving },
      baselines: this.options.baseline ?? {},
      mayReport: () => this.#consent.reporting,
      ...{ isBusy: () => this.#learning.isBusy, trained: () => this.#learning.trained },
      onVersion: ({ installedAtMs, ...event }) => {
        this.#installedAtMs.set(event.model, installedAtMs);
        this.#problems.served();
        this.#events.emit("version", event);
        this.#monitoring.served(event.model);
        // With consent to reporting, a report says so.
        if (!this.#consent.reporting) this.#sayAgain();
      },
      onInstall: (event) => this.#events.emit("install", event),
      ...{ sayAgain: () => this.#sayAgain(), onError },
    });
  }

  #createLearning(models: readonly ModelName[], onError: (error: unknown) => void): Learning {
    const trainingData = this.#memory.trainingData(this.#hosts, this.ports.trainingData);
    return new Learning({
      ports: { ...this.ports, trainingData },
      ...{ connection: this.#connection, fetcher: this.#fetcher, models },
      ...{ mayTrain: () => this.#consent.training, isFit: this.#monitoring.isFit },
      beforeReport: this.options.beforeReport ?? null,
      onRound: (event) => this.#events.emit("round", event),
      onUnused: () => this.#installs.tidy(),
      onError,
    });
  }
}
