import { FedgeError } from "@fedge/protocol";
import type { Aedes } from "aedes";
import type { MessageRouter } from "./message-router.js";
import type { ServerTransport } from "./port.js";
import type { SessionMemory } from "./session-memory.js";

interface InProcessParts {
  readonly aedes: Aedes;
  readonly router: MessageRouter;
  readonly memory: SessionMemory;
  readonly isOpen: () => boolean;
  readonly onState: (listener: (connected: boolean) => void) => void;
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
  const payload = bufferOf(message.payload);
  let failure: Error | undefined;
  // The callback comes once every subscriber has taken the message; only a refusal comes within this call.
  parts.aedes.publish({ cmd: "publish", topic, payload, qos, retain, dup: false }, (error) => {
    failure = error ?? undefined;
  });
  if (failure !== undefined) {
    throw new FedgeError("TOPIC_INVALID", `cannot publish to ${topic}: ${failure.message}`, {
      cause: failure,
    });
  }
  parts.router.deliver(topic, payload);
}

function refuseClosed(parts: InProcessParts): void {
  if (!parts.isOpen()) throw new FedgeError("CLOSED", "the broker is closed");
}

function bufferOf(payload: Uint8Array | string): Buffer {
  if (typeof payload === "string") return Buffer.from(payload);
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
}
