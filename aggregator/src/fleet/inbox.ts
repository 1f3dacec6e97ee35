import {
  FedgeError,
  birth,
  decodeEnvelope,
  errorCodeOf,
  installReport,
  parseTopic,
  presence,
  learningUp,
  serverFilters,
  metricsUp,
  type DeviceId,
  type DeviceUpChannel,
  type ErrorCode,
  type EvaluationReply,
  type ProfileWindow,
  type RoundUp,
  type TenantId,
} from "@fedge/protocol";
import type { ServerTransport } from "../broker/port.js";
import type { Counters, Logger } from "../rounds/ports.js";
import type { Fleet } from "./fleet.js";
import { ReplayGuard } from "./replay-guard.js";

export interface RoundMessages {
  roundMessage(deviceId: DeviceId, message: RoundUp): Promise<void>;
  block(deviceId: DeviceId, frame: Uint8Array): void;
}

/** Where answers of devices to evaluations go. */
export interface EvaluationMessages {
  reply(deviceId: DeviceId, reply: EvaluationReply): Promise<void>;
}

/** Where counts against reference profiles go. */
export interface ProfileMessages {
  /** Idempotent: a device that has no answer sends the same again. */
  take(deviceId: DeviceId, message: ProfileWindow): Promise<void>;
}

export interface InboxOptions {
  readonly tenantId: TenantId;
  readonly transport: ServerTransport;
  readonly fleet: Fleet;
  readonly rounds: RoundMessages;
  readonly evaluations: EvaluationMessages;
  readonly profiles: ProfileMessages;
  readonly counters: Counters;
  readonly logger: Logger;
}

/** Decodes what devices send. A message that cannot be decoded is dropped and counted, and touches nothing else. */
export class Inbox {
  readonly #guard = new ReplayGuard();
  /** One device's messages are handled in their order, different devices' beside each other. */
  readonly #queues = new Map<DeviceId, Promise<void>>();

  constructor(private readonly options: InboxOptions) {}

  async start(): Promise<void> {
    for (const filter of serverFilters(this.options.tenantId)) {
      await this.options.transport.subscribe(filter, (topic, payload) => this.#receive(topic, payload));
    }
  }

  #receive(topic: string, payload: Uint8Array): void {
    try {
      const parsed = parseTopic(topic);
      if (parsed.kind === "upload") return this.#block(parsed.deviceId, payload);
      if (parsed.kind !== "device")
        throw new FedgeError("TOPIC_INVALID", `devices do not publish to ${topic}`);
      const { deviceId, channel } = parsed;
      this.#enqueue(deviceId, () => this.#handle(deviceId, channel as DeviceUpChannel, payload));
    } catch (error) {
      this.#refuse(error);
    }
  }

  #block(deviceId: DeviceId, payload: Uint8Array): void {
    if (this.#queues.has(deviceId))
      this.#enqueue(deviceId, async () => this.options.rounds.block(deviceId, payload));
    else this.options.rounds.block(deviceId, payload);
  }

  #enqueue(deviceId: DeviceId, work: () => Promise<void>): void {
    const before = this.#queues.get(deviceId) ?? Promise.resolve();
    const after = before.then(work).catch((error: unknown) => this.#refuse(error, deviceId));
    this.#queues.set(deviceId, after);
    void after.then(() => {
      if (this.#queues.get(deviceId) === after) this.#queues.delete(deviceId);
    });
  }

  async #handle(deviceId: DeviceId, channel: DeviceUpChannel, payload: Uint8Array): Promise<void> {
    if (payload.byteLength === 0) return;
    await this.#requireMember(deviceId);
    switch (channel) {
      case "birth": {
        const { body } = decodeEnvelope(payload, birth, "birth");
        if (this.#isOld(deviceId, body)) return;
        this.#guard.begin(deviceId, body.session);
        return this.options.fleet.birth(deviceId, body);
      }
      case "state": {
        const { body } = decodeEnvelope(payload, presence, "presence");
        return this.#isOld(deviceId, body) ? undefined : this.options.fleet.presence(deviceId, body);
      }
      case "report": {
        const envelope = decodeEnvelope(payload, installReport, "install report");
        return this.#isFresh(deviceId, envelope)
          ? this.options.fleet.install(deviceId, envelope.body)
          : undefined;
      }
      case "fl/up": {
        const envelope = decodeEnvelope(payload, learningUp, "round message");
        if (!this.#isFresh(deviceId, envelope)) return undefined;
        const { body } = envelope;
        return body.type === "evaluated" || body.type === "evaluation-declined"
          ? this.options.evaluations.reply(deviceId, body)
          : this.options.rounds.roundMessage(deviceId, body);
      }
      case "metrics": {
        const envelope = decodeEnvelope(payload, metricsUp, "metrics");
        const { body } = envelope;
        // A window counts once however often it comes, and one that comes again has to be answered.
        if (body.type === "profile-window") return this.options.profiles.take(deviceId, body);
        return this.#isFresh(deviceId, envelope)
          ? this.options.fleet.servingMetrics(deviceId, body)
          : undefined;
      }
      case "rpc/req":
        throw new FedgeError("TOPIC_INVALID", `nothing is taken on the channel ${channel} by this version`);
    }
  }

  #isFresh(deviceId: DeviceId, header: { readonly session: number; readonly seq: number }): boolean {
    const freshness = this.#guard.judge(deviceId, header);
    if (freshness === "fresh") return true;
    this.#countRefusal(freshness === "replayed" ? "UPDATE_REPLAYED" : "UPDATE_DUPLICATE");
    return false;
  }

  /** A hello or a will of a session before the present one: late, or captured and played again. */
  #isOld(deviceId: DeviceId, { session }: { readonly session: number }): boolean {
    if (!this.#guard.isOld(deviceId, session)) return false;
    this.#countRefusal("UPDATE_REPLAYED");
    return true;
  }

  #countRefusal(code: ErrorCode): void {
    this.options.counters.count("fedge_messages_refused_total", { code });
  }

  /** An operator's broker may let others through, or such that were taken out of the fleet. */
  async #requireMember(deviceId: DeviceId): Promise<void> {
    if (await this.options.fleet.isMember(deviceId)) return;
    throw new FedgeError("DEVICE_UNKNOWN", "message of a device that is not enrolled, or not any more");
  }

  #refuse(error: unknown, deviceId?: DeviceId): void {
    const code = errorCodeOf(error);
    this.#countRefusal(code);
    const fields = deviceId === undefined ? { code } : { code, deviceId };
    if (code === "INTERNAL")
      this.options.logger.error({ ...fields, err: error }, "a message could not be handled");
    else this.options.logger.info(fields, "a message was refused");
  }
}
