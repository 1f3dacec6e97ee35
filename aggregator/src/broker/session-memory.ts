import type { AedesPublishPacket } from "aedes";
import { Readable } from "node:stream";
import { filterMatches, hasWildcard } from "./topic-filter.js";

/** A result that is there already. The broker only ever calls `then` on it. */
interface Settled<T> {
  then(done: (value: T) => void): void;
}

const settled = <T>(value: T): Settled<T> => ({ then: (done) => done(value) });

/**
 * What the broker remembers: retained messages, and nothing of clients that are gone.
 *
 * Every session is clean: a device asks again for whatever it missed, so no queue grows for an absent one. Retained
 * messages are found by their topic, not by trying each against a filter, since there is one per block of every blob.
 *
 * The three methods on the way of a published message answer in the same turn. The broker numbers a message when it
 * is published and drops what arrives out of number, so a retained message that took a turn longer than the next
 * ordinary one would be lost.
 */
export class SessionMemory {
  readonly #retained = new Map<string, AedesPublishPacket>();

  async setup(): Promise<void> {}

  storeRetained(packet: AedesPublishPacket): Settled<null> {
    if (packet.payload.length === 0) this.#retained.delete(packet.topic);
    else this.#retained.set(packet.topic, { ...packet });
    return settled(null);
  }

  subscriptionsByTopic(): Settled<readonly never[]> {
    return settled([]);
  }

  outgoingEnqueueCombi(): Settled<null> {
    return settled(null);
  }

  createRetainedStreamCombi(filters: readonly string[]): Readable {
    return Readable.from(this.retainedFor(filters));
  }

  *retainedFor(filters: readonly string[]): Generator<AedesPublishPacket> {
    for (const filter of filters) {
      const exact = this.#retained.get(filter);
      if (exact !== undefined) yield exact;
      if (!hasWildcard(filter)) continue;
      for (const [topic, packet] of this.#retained) if (filterMatches(filter, topic)) yield packet;
    }
  }

  async subscriptionsByClient(): Promise<readonly never[]> {
    return [];
  }

  async addSubscriptions(): Promise<void> {}

  async removeSubscriptions(): Promise<void> {}

  async cleanSubscriptions(): Promise<void> {}

  outgoingStream(): Readable {
    return Readable.from([]);
  }

  async outgoingUpdate(): Promise<void> {}

  async outgoingClearMessageId(): Promise<void> {}

  async outgoingEnqueue(): Promise<void> {}

  /** QoS 2 stops at the packet guard; a PUBREL without one is answered like any for an unknown packet. */
  async incomingGetPacket(): Promise<never> {
    throw new Error("no QoS 2 message is kept here");
  }

  async incomingStorePacket(): Promise<never> {
    throw new Error("QoS 2 is not served here");
  }

  async incomingDelPacket(): Promise<void> {}

  async cleanIncoming(): Promise<void> {}

  /** Wills live with their connection: when this process dies, no broker is left to publish them. */
  async putWill(): Promise<void> {}

  async delWill(): Promise<void> {}

  streamWill(): Readable {
    return Readable.from([]);
  }

  async destroy(): Promise<void> {
    this.#retained.clear();
  }
}
