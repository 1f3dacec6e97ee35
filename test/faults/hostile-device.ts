import {
  FedgeError,
  PROTOCOL_VERSION,
  decodeEnvelope,
  deviceTopic,
  encodeEnvelope,
  learningDown,
  type Birth,
  type DeviceUpChannel,
  type MessageId,
  type LearningDown,
} from "@fedge/protocol";
import {
  createHttpIdentity,
  createMqttTransport,
  createSystemClock,
  deviceKeyOf,
} from "@fedge/device-runtime/node";
import { randomBytes } from "node:crypto";

type Identity = ReturnType<typeof createHttpIdentity>;
export type Credentials = Awaited<ReturnType<Identity["credentials"]>>;
type Link = Awaited<ReturnType<ReturnType<typeof createMqttTransport>["open"]>>;
type Heard<K extends LearningDown["type"]> = Extract<LearningDown, { type: K }>;

/** What a header may lie about. */
export interface HeaderLies {
  readonly v?: number;
  readonly session?: number;
  readonly seq?: number;
}

/** The identity of a device that enrolled properly. */
export function enrol(server: string): Promise<Credentials> {
  const key = deviceKeyOf(randomBytes(32));
  return createHttpIdentity({ server, key, clock: createSystemClock() }).credentials({ isRefused: false });
}

/** A device that enrolled like any other and says whatever a test wants it to say. */
export class HostileDevice {
  readonly #heard: LearningDown[] = [];
  readonly #waiting = new Set<() => void>();
  #seq = 0;
  #isGone = false;

  private constructor(
    readonly credentials: Credentials,
    readonly session: number,
  ) {}

  #link: Link | null = null;

  /** Connects and announces itself as an honest device does. Throws what the transport throws. */
  static async connect(
    credentials: Credentials,
    session = 5,
    models: Birth["models"] = [],
  ): Promise<HostileDevice> {
    const device = new HostileDevice(credentials, session);
    const will = { type: "presence", presence: "lost", session };
    device.#link = await createMqttTransport().open(
      credentials,
      { topic: device.topic("state"), payload: device.envelope(will) },
      { message: (_, payload) => device.#hear(payload), closed: () => device.#gone() },
    );
    await device.#link.subscribe([deviceTopic(credentials.tenantId, credentials.deviceId, "fl/dn")]);
    await device.say("birth", {
      type: "birth",
      session,
      runtimeVersion: "0.1.0",
      engine: "none",
      platform: "none",
      models,
    });
    return device;
  }

  get lastSeq(): number {
    return this.#seq;
  }

  topic(channel: DeviceUpChannel): string {
    return deviceTopic(this.credentials.tenantId, this.credentials.deviceId, channel);
  }

  envelope(body: object, lies: HeaderLies = {}): Uint8Array<ArrayBuffer> {
    this.#seq += 1;
    const id = `${this.session}-${this.#seq}` as MessageId;
    const header = { v: PROTOCOL_VERSION, id, sentAtMs: 0, session: this.session, seq: this.#seq, ...lies };
    return encodeEnvelope({ ...header, body } as Parameters<typeof encodeEnvelope>[0]);
  }

  async say(channel: DeviceUpChannel, body: object, lies: HeaderLies = {}): Promise<void> {
    await this.publish(this.topic(channel), this.envelope(body, lies));
  }

  async publish(topic: string, payload: Uint8Array): Promise<void> {
    await this.#require().publish(topic, payload, { retain: false });
  }

  /** The first message of this type that was not taken before. */
  async next<K extends LearningDown["type"]>(type: K): Promise<Heard<K>> {
    for (;;) {
      const at = this.#heard.findIndex((message) => message.type === type);
      if (at >= 0) return this.#heard.splice(at, 1)[0] as Heard<K>;
      if (this.#isGone) throw new FedgeError("TRANSPORT_FAILED", `the broker let go before a ${type}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Resolves when the broker has ended the connection. */
  async gone(): Promise<void> {
    while (!this.#isGone) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** Cuts the line without a goodbye. */
  destroy(): void {
    this.#link?.destroy();
  }

  #require(): Link {
    if (this.#link === null) throw new FedgeError("TRANSPORT_FAILED", "not connected");
    return this.#link;
  }

  #hear(payload: Uint8Array): void {
    this.#heard.push(decodeEnvelope(payload, learningDown, "round message").body);
    this.#wake();
  }

  #gone(): void {
    this.#isGone = true;
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
