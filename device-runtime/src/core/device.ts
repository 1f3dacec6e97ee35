import {
  FedgeError,
  decodeEnvelope,
  modelName as modelNameSchema,
  serverState,
  serverStateTopic,
  type Assigned,
  type Birth,
  type BlobRef,
  type ModelName,
} from "@fedge/protocol";
import { BlobFetcher } from "./blobs/fetcher.js";
import { Connection } from "./connection/connection.js";
import { DeviceEvents, type DeviceEventMap } from "./device-events.js";
import type { Consent } from "./ports/application.js";
import type { TensorValues } from "./ports/engine.js";
import type { DevicePorts } from "./ports/ports.js";
import type { Credentials } from "./ports/transport.js";
import { Rounds } from "./rounds/rounds.js";
import { ModelHost, type Prediction } from "./serving/model-host.js";
import { RUNTIME_VERSION } from "./updates/installer.js";
import { Updates } from "./updates/updates.js";

/** What the app decides; everything else is a port. */
export interface DeviceOptions {
  /** Models that the app uses, by name. */
  readonly models: readonly string[];
  /** Both are off by default. */
  readonly consent?: Partial<Consent>;
  /** Names the platform for the operator, such as `node 20.19 linux`. */
  readonly platform: string;
  /** Held before an update is reported; for tests and simulations. */
  readonly beforeReport?: (assignment: Assigned) => Promise<void>;
}

/** Where a device stands at the moment of the question. */
export interface DeviceStatus {
  readonly deviceId: string | null;
  readonly isOnline: boolean;
  /** Version that serves, by model; null before the first arrives. */
  readonly versions: Readonly<Record<string, number | null>>;
  readonly round: { readonly phase: string; readonly roundId: string | null };
  readonly consent: Consent;
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** Messages that arrived and could not be decoded; each is also an "error" event. */
  readonly numMessagesRefused: number;
}

/** One of the device's models, whichever version serves. */
export interface DeviceModel {
  /** Throws MODEL_NOT_READY, MODEL_INPUT_INVALID or ENGINE_FAILED. */
  predict(inputs: TensorValues): Promise<Prediction>;
  /** The version that serves now; null before the first arrives. */
  readonly version: number | null;
}

/** What an app embeds: serves models, keeps them current, and trains when it may. */
export interface Device {
  /** Throws MODEL_UNKNOWN for a name that was not among the options' models. */
  model(name: string): DeviceModel;
  /** Calls the listener at every event; the returned function ends that. */
  on<K extends keyof DeviceEventMap>(event: K, listener: (detail: DeviceEventMap[K]) => void): () => void;
  /** A snapshot; it does not change afterwards. */
  status(): DeviceStatus;
  /** Takes effect at once: training stops when its consent is withdrawn. */
  setConsent(consent: Partial<Consent>): void;
  /** Says goodbye, stops training between two steps, frees everything. Idempotent. */
  close(): Promise<void>;
}

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
  readonly #updates: Updates;
  readonly #rounds: Rounds;
  #consent: Consent;
  #serverSession: number | null = null;
  #topicsOf: Credentials | null = null;
  #hasRestored = false;
  #numPredictions = 0;
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
    const prefix = ports.random.fork("predictions").uint32().toString(36);
    const newId = (): string => `${prefix}-${(this.#numPredictions += 1).toString(36)}`;
    this.#hosts = new Map(models.map((model) => [model, new ModelHost(model, newId)]));
    const onError = (error: unknown): void => this.#events.emit("error", error);
    this.#connection = new Connection({ ports, birth: (session) => this.#birth(session), onError });
    this.#fetcher = new BlobFetcher({ connection: this.#connection, ports, onError });
    this.#updates = this.#createUpdates(onError);
    this.#rounds = this.#createRounds(models, onError);
  }

  async start(): Promise<void> {
    await this.#updates.restore();
    await this.#rounds.restore();
    this.#connection.onOnline(
      () => void this.#online().catch((error: unknown) => this.#events.emit("error", error)),
    );
    this.#connection.onOffline(() => this.#events.emit("state", { isOnline: false }));
    this.#stopListening = this.ports.conditions.onChange(() => this.#rounds.reconsider());
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
    const versions = [...this.#hosts].map(
      ([model, host]) => [model, host.active?.manifest.version ?? null] as const,
    );
    return {
      deviceId: this.#connection.credentials?.deviceId ?? null,
      isOnline: this.#connection.isOnline,
      versions: Object.fromEntries(versions),
      round: { phase: this.#rounds.phase, roundId: this.#rounds.assignment?.roundId ?? null },
      consent: this.#consent,
      ...this.#connection.traffic,
    };
  }

  setConsent(consent: Partial<Consent>): void {
    this.#consent = { ...this.#consent, ...consent };
    this.#rounds.reconsider();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stopListening();
    this.#fetcher.close();
    await this.#updates.close();
    await this.#rounds.close();
    await this.#connection.close();
    await this.ports.trainer.close();
    for (const host of this.#hosts.values()) await host.close();
  }

  /** Topics have the tenant and the device in their names, which a session learns; later ones subscribe them again. */
  async #online(): Promise<void> {
    this.#events.emit("state", { isOnline: true });
    const { credentials } = this.#connection;
    const { tenantId, deviceId } = this.#topicsOf ?? {};
    if (credentials !== null && (credentials.tenantId !== tenantId || credentials.deviceId !== deviceId)) {
      this.#topicsOf = credentials;
      await this.#connection.listen([
        this.#rounds.topic(credentials),
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
    return {
      type: "birth",
      session,
      runtimeVersion: RUNTIME_VERSION,
      engine: this.ports.serving.name,
      platform,
      models,
    };
  }

  #heardOfRound(event: DeviceEventMap["round"]): void {
    this.#trained = this.#rounds.assignment?.manifest ?? this.#trained;
    // Every round has a base version of its own: its checkpoint is of no use after it.
    if (this.#rounds.phase === "resting") this.#updates.tidy();
    this.#events.emit("round", event);
  }

  #createUpdates(onError: (error: unknown) => void): Updates {
    return new Updates({
      ports: this.ports,
      connection: this.#connection,
      fetcher: this.#fetcher,
      hosts: this.#hosts,
      mayReport: () => this.#consent.reporting,
      isBusy: () => this.#rounds.phase === "training",
      trained: () => this.#trained,
      onVersion: (event) => this.#events.emit("version", event),
      onError,
    });
  }

  #createRounds(models: readonly ModelName[], onError: (error: unknown) => void): Rounds {
    return new Rounds({
      ports: this.ports,
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

function toModelName(name: string): ModelName {
  const result = modelNameSchema.safeParse(name);
  if (!result.success)
    throw new FedgeError("OPTION_INVALID", `"${name}" is not a model name: 1 to 64 letters, digits, _ or -`);
  return result.data;
}
