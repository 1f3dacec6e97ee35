import {
  FedgeError,
  createRandom,
  type Birth,
  type DeviceId,
  type Random,
  type TenantId,
} from "@fedge/protocol";
import { Connection } from "../core/connection/connection.js";
import type { ByteStore } from "../core/ports/storage.js";
import type {
  ConnectionListener,
  Credentials,
  Identity,
  Transport,
  TransportConnection,
} from "../core/ports/transport.js";
import { ManualClock } from "./manual-clock.js";
import { createMemoryByteStore } from "../memory/memory-stores.js";

/** One connection as the broker sees it. */
export class Link implements TransportConnection {
  readonly published: { readonly topic: string; readonly retain: boolean; readonly body: unknown }[] = [];
  readonly subscribed: string[][] = [];
  readonly unsubscribed: string[] = [];
  isOver = false;

  constructor(
    readonly willSession: number,
    readonly listener: ConnectionListener,
    private readonly script: Script,
  ) {}

  async publish(topic: string, payload: Uint8Array, { retain }: { readonly retain: boolean }): Promise<void> {
    const { body } = JSON.parse(new TextDecoder().decode(payload)) as { readonly body: unknown };
    this.published.push({ topic, retain, body });
    if (this.script.isSilent) await this.#end();
  }

  async subscribe(topics: readonly string[]): Promise<void> {
    this.subscribed.push([...topics]);
    if (topics.includes("refused"))
      throw new FedgeError("ACCESS_DENIED", "the broker refuses the topic refused");
  }

  async unsubscribe(topics: readonly string[]): Promise<void> {
    this.unsubscribed.push(...topics);
  }

  async end(): Promise<void> {
    this.destroy();
  }

  destroy(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#ended();
    queueMicrotask(() => this.listener.closed());
  }

  #ended: () => void = () => undefined;
  #end(): Promise<never> {
    return new Promise((_, reject) => {
      this.#ended = () => reject(new FedgeError("TRANSPORT_FAILED", "the connection to the broker ended"));
    });
  }
}

export interface Script {
  /** Acknowledges nothing. */
  isSilent: boolean;
  tenant: string;
  failure: FedgeError | null;
  /** Resolves before a connection opens. */
  gate: Promise<void>;
  random: Random;
}

export interface ConnectionRig {
  readonly connection: Connection;
  readonly clock: ManualClock;
  readonly store: ByteStore;
  readonly links: Link[];
  readonly errors: unknown[];
  readonly script: Script;
  /** Value of `isRefused` of every request for credentials. */
  readonly asked: boolean[];
  /** Session number in the store when each connection opened. */
  readonly keptAtOpen: (string | undefined)[];
}

function credentialsOf(tenant: string): Credentials {
  return { deviceId: "device" as DeviceId, tenantId: tenant as TenantId, token: "", brokerUrl: "" };
}

/** A connection, its broker and its clock in the hands of a test. */
export function openConnectionRig(): ConnectionRig {
  const clock = new ManualClock();
  const store = createMemoryByteStore();
  const script: Script = {
    ...{ isSilent: false, tenant: "acme", failure: null },
    ...{ gate: Promise.resolve(), random: createRandom("connection") },
  };
  const record: BrokerRecord = { links: [], asked: [], keptAtOpen: [] };
  const errors: unknown[] = [];
  const ports = {
    ...{ clock, store },
    random: { ...createRandom("unused"), unit: () => script.random.unit() },
    ...scriptedPorts(script, record, store),
  };
  const birth = (session: number): Birth => ({
    ...{ type: "birth", session, runtimeVersion: "0.1.0", engine: "fake", platform: "test", models: [] },
  });
  const connection = new Connection({ ports, birth, onError: (error) => errors.push(error) });
  return { connection, clock, store, errors, script, ...record };
}

type BrokerRecord = { [K in "links" | "asked" | "keptAtOpen"]: ConnectionRig[K] };

function scriptedPorts(
  script: Script,
  { links, asked, keptAtOpen }: BrokerRecord,
  store: ByteStore,
): { readonly identity: Pick<Identity, "credentials">; readonly transport: Transport } {
  return {
    identity: {
      credentials: async ({ isRefused }) => {
        asked.push(isRefused);
        return credentialsOf(script.tenant);
      },
    },
    transport: {
      open: async (_, will, listener) => {
        const kept = await store.get("session");
        keptAtOpen.push(kept && new TextDecoder().decode(kept));
        await script.gate;
        if (script.failure !== null) throw script.failure;
        const { body } = JSON.parse(new TextDecoder().decode(will.payload)) as {
          readonly body: { readonly session: number };
        };
        const link = new Link(body.session, listener, script);
        links.push(link);
        return link;
      },
    },
  };
}
