import { FedgeError, MAX_TOPIC_SLASHES } from "@fedge/protocol";
import type { Aedes } from "aedes";
import type { MessageRouter } from "./message-router.js";
import type { ServerTransport, Traffic } from "./port.js";
import type { SessionMemory } from "./session-memory.js";
import { hasWildcard } from "./topic-filter.js";

interface InProcessParts {
  readonly aedes: Aedes;
  readonly router: MessageRouter;
  readonly memory: SessionMemory;
  readonly isOpen: () => boolean;
  readonly onState: (listener: (connected: boolean) => void) => void;
  readonly traffic: () => Traffic;
  readonly close: () => Promise<void>;
}

/**
 * The aggregator inside the broker's process. A payload is handed on as it is: whoever publishes must not change it
 * afterwards. A device that does not read delays nobody's `publish`.
 */
export function embeddedTransport(parts: InProcessParts): ServerTransport {
  const { router, memory } = parts;
  return {
    publish: async (topic, payload, options) => publish(parts, { topic, payload, ...options }),
    subscribe: async (filter, handler) => {
      refuseClosed(parts);
      router.add(filter, handler);
      for (const kept of memory.retainedFor([filter])) {
        router.deliverTo(handler, kept.topic, bufferOf(kept.payload));
      }
    },
    isConnected: parts.isOpen,
    onState: parts.onState,
    traffic: parts.traffic,
    close: parts.close,
  };
}

interface Message {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  readonly qos: 0 | 1;
}

function publish(parts: InProcessParts, message: Message): void {
  refuseClosed(parts);
  const { topic, retain, qos } = message;
  refuseTopic(topic);
  const payload = bufferOf(message.payload);
  // The callback comes once every subscriber has taken the message, which is not awaited.
  parts.aedes.publish({ cmd: "publish", topic, payload, qos, retain, dup: false }, () => undefined);
  parts.router.deliver(topic, payload);
}

/** Throws TOPIC_INVALID for what an operator's broker may not take. */
export function refuseTopic(topic: string): void {
  const isTooDeep = topic.split("/").length - 1 > MAX_TOPIC_SLASHES;
  if (!isTooDeep && topic !== "" && !hasWildcard(topic)) return;
  throw new FedgeError(
    "TOPIC_INVALID",
    `cannot publish to "${topic.slice(0, 80)}": a topic has 1 to ${MAX_TOPIC_SLASHES + 1} levels and no wildcards`,
  );
}

function refuseClosed(parts: InProcessParts): void {
  if (!parts.isOpen()) throw new FedgeError("CLOSED", "the broker is closed");
}

function bufferOf(payload: Uint8Array | string): Buffer {
  if (typeof payload === "string") return Buffer.from(payload);
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
}
