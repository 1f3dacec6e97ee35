import { FedgeError, errorCodeOf, type DeviceId, type ErrorCode, type TenantId } from "@fedge/protocol";
import type { AedesOptions, AedesPublishPacket, AuthenticateError, Client, ConnectPacket } from "aedes";
import type { TokenClaims } from "../identity/device-tokens.js";
import type { Counters } from "../metrics/metrics.js";
import { checkPublish, checkSubscribe } from "./device-access.js";
import { GuardedConnection } from "./guarded-connection.js";

type Handlers = Required<
  Pick<
    AedesOptions,
    "preConnect" | "authenticate" | "authorizePublish" | "authorizeSubscribe" | "authorizeForward"
  >
>;

type RefusedAction = "connect" | "publish" | "subscribe" | "session" | "packet";

export interface SessionLog {
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export interface DeviceSessionOptions {
  readonly tenantId: TenantId;
  readonly nowMs: () => number;
  /** The claims of a token. Throws TOKEN_INVALID or TOKEN_EXPIRED. */
  readonly verifyClaims: (token: string) => Promise<TokenClaims>;
  readonly counters: Pick<Counters, "count">;
  readonly logger: SessionLog;
  /** Given every message that a device may publish, in its order of arrival. */
  readonly onMessage: (topic: string, payload: Buffer) => void;
}

/** A device needs a few blocks at a time, and four topics of its own. */
const MAX_SUBSCRIPTIONS = 256;
/** A device that keeps on being refused is broken or hostile. */
const MAX_REFUSALS = 100;
/** A device that leaves this much unread is frozen; it comes back for what it missed. */
const MAX_UNSENT_BYTES = 8 * 1024 * 1024;
/** Where refused messages end: nobody may subscribe to it. */
const REFUSED_TOPIC = "$SYS/refused";

interface Session {
  readonly claims: TokenClaims;
  readonly subscriptions: Set<string>;
  numRefusals: number;
}

/**
 * Who is connected and what each may do.
 *
 * A device connects with its id as client id and user name and its token as password. A refused subscription is
 * answered with 0x80. A refused message is acknowledged and goes nowhere, as MQTT 3.1.1 allows (MQTT-3.3.5-2):
 * closing the connection instead would have the device send the same message again for ever.
 */
export class DeviceSessions {
  readonly #sessions = new WeakMap<Client, Session>();
  readonly #connected = new Set<Client>();
  readonly #wills = new WeakMap<Client, ConnectPacket["will"]>();
  /** Between CONNECT and CONNACK: not among the connected yet, though the token may have been looked at already. */
  readonly #entering = new Set<Client>();
  /** Devices whose connection was ended while somebody was entering, who may be one of them. */
  readonly #cutOff = new Set<DeviceId>();
  #bytesUp = 0;
  #bytesDown = 0;

  constructor(private readonly options: DeviceSessionOptions) {}

  get numConnected(): number {
    return this.#connected.size;
  }

  /** Payload bytes that devices sent and were sent. */
  traffic(): { readonly bytesUp: number; readonly bytesDown: number } {
    return { bytesUp: this.#bytesUp, bytesDown: this.#bytesDown };
  }

  readonly handlers: Handlers = {
    preConnect: (client, packet, done) => {
      // Nothing is kept for an absent client, whatever it asks for; CONNACK says so by "no session present".
      packet.clean = true;
      this.#wills.set(client, packet.will);
      done(null, true);
    },
    authenticate: (client, username, password, done) => {
      this.#entering.add(client);
      client.conn.once("close", () => this.#entered(client));
      this.#admit(client, username, password).then(
        () => done(null, true),
        (error: unknown) => {
          this.refused("connect", error);
          done(connectError(error), false);
        },
      );
    },
    authorizePublish: (client, packet, done) => {
      const session = client === null ? undefined : this.#sessions.get(client);
      // Only the broker itself publishes without a client.
      if (client === null) return done(null);
      try {
        if (session === undefined) throw new FedgeError("ACCESS_DENIED", "not authenticated");
        this.#receive(session, packet);
        done(null);
      } catch (error) {
        this.#refusedBy(client, session, { action: "publish", error });
        if (client.closed) return done(connectError(error));
        Object.assign(packet, { topic: REFUSED_TOPIC, payload: Buffer.alloc(0), retain: false });
        done(null);
      }
    },
    authorizeSubscribe: (client, subscription, done) => {
      const session = this.#sessions.get(client);
      try {
        if (session === undefined) throw new FedgeError("ACCESS_DENIED", "not authenticated");
        admitSubscription(session, subscription.topic);
        done(null, subscription);
      } catch (error) {
        this.#refusedBy(client, session, { action: "subscribe", error });
        done(null, null);
      }
    },
    authorizeForward: (client, packet) => this.#forward(client, packet),
  };

  unsubscribed(client: Client, topics: readonly string[]): void {
    for (const topic of topics) this.#sessions.get(client)?.subscriptions.delete(topic);
  }

  connected(client: Client): void {
    this.#connected.add(client);
    const deviceId = this.#sessions.get(client)?.claims.deviceId;
    if (deviceId !== undefined && this.#cutOff.has(deviceId)) client.close();
    this.#entered(client);
  }

  disconnected(client: Client): void {
    this.#connected.delete(client);
  }

  /** Closes the connections whose token has expired: a device gets a new one and comes back. */
  closeExpired(): void {
    const nowMs = this.options.nowMs();
    for (const client of this.#connected) {
      if ((this.#sessions.get(client)?.claims.expiresAtMs ?? 0) > nowMs) continue;
      this.refused("session", new FedgeError("TOKEN_EXPIRED", "the session's token has expired"));
      client.close();
    }
  }

  /** Closes the device's connection, if it has one or is about to. */
  disconnect(deviceId: DeviceId): void {
    if (this.#entering.size > 0) this.#cutOff.add(deviceId);
    for (const client of this.#connected) {
      if (this.#sessions.get(client)?.claims.deviceId === deviceId) client.close();
    }
  }

  refused(action: RefusedAction, error: unknown): ErrorCode {
    const code = errorCodeOf(error);
    this.options.counters.count("fedge_broker_refusals_total", { action, code });
    return code;
  }

  #entered(client: Client): void {
    this.#entering.delete(client);
    if (this.#entering.size === 0) this.#cutOff.clear();
  }

  async #admit(client: Client, username: string | undefined, password: Buffer | undefined): Promise<void> {
    if (username === undefined || password === undefined) {
      throw new FedgeError(
        "TOKEN_INVALID",
        "connect with the device id as user name and its token as password",
      );
    }
    const claims = await this.options.verifyClaims(password.toString("utf8"));
    const isOwn = client.id === claims.deviceId && username === claims.deviceId;
    if (!isOwn || claims.tenantId !== this.options.tenantId) {
      throw new FedgeError("ACCESS_DENIED", "client id and user name must be the device id of the token");
    }
    const will = this.#wills.get(client);
    if (will !== undefined) {
      const payloadBytes = Buffer.byteLength(will.payload);
      checkPublish(claims, { topic: will.topic, retain: will.retain ?? false, payloadBytes });
    }
    this.#sessions.set(client, { claims, subscriptions: new Set(), numRefusals: 0 });
  }

  #receive(session: Session, packet: Parameters<Handlers["authorizePublish"]>[1]): void {
    const payload = typeof packet.payload === "string" ? Buffer.from(packet.payload) : packet.payload;
    const { topic, retain } = packet;
    checkPublish(session.claims, { topic, retain, payloadBytes: payload.length });
    this.#bytesUp += payload.length;
    // A retained payload outlives the network buffer of which it is a part: a copy does not hold on to all of it.
    if (retain) packet.payload = Buffer.from(payload);
    this.options.onMessage(topic, payload);
  }

  #forward(client: Client, packet: AedesPublishPacket): AedesPublishPacket | null {
    const { conn } = client;
    if (conn instanceof GuardedConnection && conn.numUnsentBytes > MAX_UNSENT_BYTES) {
      const frozen = new FedgeError("RATE_LIMITED", "the device does not read what it is sent");
      this.refused("session", frozen);
      conn.destroy(frozen);
      return null;
    }
    this.#bytesDown += packet.payload.length;
    return packet;
  }

  #refusedBy(
    client: Client,
    session: Session | undefined,
    refusal: { readonly action: RefusedAction; readonly error: unknown },
  ): void {
    const code = this.refused(refusal.action, refusal.error);
    if (session === undefined) return;
    session.numRefusals += 1;
    const { deviceId } = session.claims;
    // The first one tells what is wrong; the others would only fill the log.
    if (session.numRefusals === 1) {
      this.options.logger.warn(
        { deviceId, action: refusal.action, code, err: refusal.error },
        "refused a device",
      );
    } else if (session.numRefusals === MAX_REFUSALS) {
      this.options.logger.warn({ deviceId }, `disconnected a device after ${MAX_REFUSALS} refusals`);
      client.conn.destroy();
    }
  }
}

function admitSubscription(session: Session, topic: string): void {
  checkSubscribe(session.claims, topic);
  if (session.subscriptions.size >= MAX_SUBSCRIPTIONS && !session.subscriptions.has(topic)) {
    throw new FedgeError(
      "RATE_LIMITED",
      `more than ${MAX_SUBSCRIPTIONS} subscriptions at once; unsubscribe first`,
    );
  }
  session.subscriptions.add(topic);
}

/** CONNACK return codes, MQTT 3.1.1 table 3.1. */
function connectError(error: unknown): AuthenticateError {
  const code = errorCodeOf(error);
  const isToken = code === "TOKEN_INVALID" || code === "TOKEN_EXPIRED";
  return Object.assign(new Error(code), { returnCode: isToken ? 4 : 5 });
}
