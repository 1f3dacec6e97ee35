import { Socket } from "node:net";
import type { MqttClient } from "mqtt";
import type { Transport } from "../core/ports/transport.js";
import { createMqttTransport } from "../mqtt/mqtt-transport.js";

/** MQTT 3.1.1 over TCP, TLS or WebSocket, by the URL of the credentials. */
export function createNodeMqttTransport(): Transport {
  return createMqttTransport({ onConnected: sendAtOnce });
}

/**
 * A small message is not held back until the one before it is acknowledged (RFC 896), which the other side delays by
 * 40 ms (RFC 1122, 4.2.3.2): a round's conversation is a chain of small messages.
 */
function sendAtOnce({ stream }: MqttClient): void {
  if (stream instanceof Socket) stream.setNoDelay(true);
}
