import {
  PROTOCOL_VERSION,
  deviceTopic,
  encodeEnvelope,
  type DeviceChannel,
  type DeviceDownChannel,
  type DeviceId,
  type MessageId,
  type LearningDown,
  type TenantId,
} from "@fedge/protocol";
import type { ServerTransport } from "../broker/port.js";
import type { Counters, DeviceOutbox, Logger } from "../rounds/ports.js";

export interface OutboxOptions {
  readonly tenantId: TenantId;
  readonly transport: ServerTransport;
  /** Names this run of the server; larger than that of the run before. */
  readonly session: number;
  readonly nowMs: () => number;
  readonly newMessageId: () => string;
  readonly counters: Counters;
  readonly logger: Logger;
}

/** Puts messages into envelopes and publishes them. */
export class Outbox implements DeviceOutbox {
  #seq = 0;

  constructor(private readonly options: OutboxOptions) {}

  send(deviceId: DeviceId, message: LearningDown): void {
    void this.publish(deviceTopic(this.options.tenantId, deviceId, "fl/dn"), message, { retain: false });
  }

  sendTo(
    deviceId: DeviceId,
    channel: DeviceDownChannel,
    message: object,
    options: { readonly retain: boolean },
  ): Promise<void> {
    return this.publish(deviceTopic(this.options.tenantId, deviceId, channel), message, options);
  }

  /** Takes back what is retained for the device. */
  clear(deviceId: DeviceId, channel: DeviceChannel): Promise<void> {
    return this.#publish(deviceTopic(this.options.tenantId, deviceId, channel), new Uint8Array(), true);
  }

  /** Resolves also when the broker cannot be reached: devices ask again, and the failure is counted. */
  async publish(topic: string, message: object, { retain }: { readonly retain: boolean }): Promise<void> {
    this.#seq += 1;
    const header = {
      v: PROTOCOL_VERSION,
      id: this.options.newMessageId() as MessageId,
      sentAtMs: this.options.nowMs(),
      session: this.options.session,
      seq: this.#seq,
    } as const;
    await this.#publish(topic, encodeEnvelope({ ...header, body: message }), retain);
  }

  async #publish(topic: string, payload: Uint8Array, retain: boolean): Promise<void> {
    try {
      await this.options.transport.publish(topic, payload, { retain, qos: 1 });
    } catch (error) {
      this.options.counters.count("fedge_publish_failed_total");
      this.options.logger.warn({ err: error }, "a message could not be published");
    }
  }
}
