// There before it is asked for: turns of the event loop are counted, and a file takes any number.
import "../core/on-demand.js";
import "../core/monitor/on-demand.js";
import { FedgeError, createRandom, type DeviceId } from "@fedge/protocol";
import { createDevice } from "../core/device.js";
import type { Device, DeviceOptions } from "../core/device-interface.js";
import type { HostConditions } from "../core/ports/application.js";
import type { Clock } from "../core/ports/clock.js";
import type { DevicePorts, StopController } from "../core/ports/ports.js";
import type { BlobStore, ByteStore, Digest } from "../core/ports/storage.js";
import type { Farewell } from "../core/ports/transport.js";
import type { ReleaseTrust } from "../core/trust/release-trust.js";
import { createFakeEngine, createFakeTrainer, type FakeEngine, type FakeTrainer } from "./fake-engine.js";
import type { ManualClock } from "./manual-clock.js";
import type { MemoryBroker } from "./memory-broker.js";
import { createMemoryBlobStore, createMemoryByteStore } from "../memory/memory-stores.js";
import { TENANT } from "./scripted-server.js";

export interface DeviceRigOptions {
  readonly name: string;
  readonly clock: ManualClock;
  readonly broker: MemoryBroker;
  readonly digest: Digest;
  readonly newStop: () => StopController;
  readonly options?: Partial<DeviceOptions>;
  /** Whom the device believes; everybody by default. */
  readonly trust?: ReleaseTrust;
  /** Instead of examples that the app has. */
  readonly learnsFromLog?: boolean;
  /** That the app has; three unless given. */
  readonly numExamples?: number;
}

/** Whether the device may work; a test changes it. */
export class ChangingConditions implements HostConditions {
  readonly #listeners = new Set<() => void>();
  #isEligible = true;

  isEligible(): boolean {
    return this.#isEligible;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  set(isEligible: boolean): void {
    this.#isEligible = isEligible;
    for (const listener of this.#listeners) listener();
  }
}

/** A device on memory ports that can be killed and started again on what it had kept. */
export class DeviceRig {
  readonly deviceId: DeviceId;
  readonly engine: FakeEngine = createFakeEngine();
  readonly trainer: FakeTrainer = createFakeTrainer();
  readonly conditions = new ChangingConditions();
  readonly store: ByteStore = createMemoryByteStore();
  readonly blobs: BlobStore = createMemoryBlobStore();
  readonly errors: unknown[] = [];
  /** Wishes to be forgotten that reached the server. */
  readonly farewells: Farewell[] = [];
  /** `state version` of every install event. */
  readonly installs: string[] = [];
  /** Of the process; null for a platform that cannot tell. */
  memoryBytes: number | null = null;
  isServerReachable = true;
  numKeysErased = 0;
  /** `phase` of every round event. */
  readonly phases: string[] = [];
  #life = { isOver: true };
  #device: Device | null = null;
  #numStarts = 0;

  constructor(private readonly options: DeviceRigOptions) {
    this.deviceId = options.name as DeviceId;
  }

  get device(): Device {
    if (this.#device === null) throw new Error("the device is not started");
    return this.#device;
  }

  async start(): Promise<Device> {
    const life = { isOver: false };
    this.#life = life;
    this.#numStarts += 1;
    const device = await createDevice(this.#ports(life), {
      models: ["digits"],
      consent: { training: true, reporting: true },
      platform: "test",
      ...this.options.options,
    });
    device.on("error", (error) => this.errors.push(error));
    device.on("install", ({ state, version }) => this.installs.push(`${state} ${version}`));
    device.on("round", ({ phase }) => this.phases.push(phase));
    this.#device = device;
    return device;
  }

  /** Ends the process without a word: its timers and writes stop, its line breaks. */
  kill(): void {
    this.#life.isOver = true;
    this.options.broker.cut(this.deviceId);
  }

  #ports(life: { readonly isOver: boolean }): DevicePorts {
    const { clock, broker, digest, newStop, name, numExamples = 3 } = this.options;
    const target = { shape: [numExamples, 1], data: new Float32Array(numExamples) };
    return {
      verifier: null,
      ...{ digest, newStop, blobs: this.blobs, conditions: this.conditions },
      ...{ serving: this.engine, trainer: this.trainer, transport: broker.transport() },
      nowUs: () => this.engine.nowUs,
      memoryBytes: () => this.memoryBytes,
      ...(this.options.trust === undefined ? {} : { trust: this.options.trust }),
      clock: mortalClock(clock, life),
      store: mortalStore(this.store, life),
      random: createRandom(`${name}/${this.#numStarts}`),
      identity: {
        credentials: async () => {
          if (life.isOver) throw new FedgeError("CLOSED", "this process was killed");
          return { deviceId: this.deviceId, tenantId: TENANT, token: "token", brokerUrl: "memory:" };
        },
        farewell: async () => ({ deviceId: this.deviceId, timestampMs: clock.nowMs(), signature: "signed" }),
        sayFarewell: async (farewell) => {
          if (life.isOver || !this.isServerReachable) throw new FedgeError("SERVER_UNREACHABLE", "no server");
          this.farewells.push(farewell);
        },
        erase: async () => void (this.numKeysErased += 1),
      },
      trainingData:
        this.options.learnsFromLog === true
          ? {}
          : {
              digits: {
                numExamples: () => numExamples,
                examples: () => ({ numExamples, inputs: { input: target }, target }),
              },
            },
    };
  }
}

function mortalClock(clock: Clock, life: { readonly isOver: boolean }): Clock {
  return {
    nowMs: () => clock.nowMs(),
    after: (delayMs, run) => clock.after(delayMs, () => (life.isOver ? undefined : run())),
  };
}

function mortalStore(store: ByteStore, life: { readonly isOver: boolean }): ByteStore {
  const alive = <T>(work: () => Promise<T>): Promise<T> =>
    life.isOver ? Promise.reject(new FedgeError("CLOSED", "this process was killed")) : work();
  return {
    get: (key) => alive(() => store.get(key)),
    put: (key, value) => alive(() => store.put(key, value)),
    delete: (key) => alive(() => store.delete(key)),
    write: (changes, options) => alive(() => store.write(changes, options)),
    keys: (prefix) => alive(() => store.keys(prefix)),
  };
}
