import {
  DEVICE_DOWN_CHANNELS,
  DEVICE_UP_CHANNELS,
  FedgeError,
  MAX_MESSAGE_BYTES,
  parseTopic,
  type DeviceId,
  type TenantId,
  type Topic,
} from "@fedge/protocol";

export interface DevicePrincipal {
  readonly deviceId: DeviceId;
  readonly tenantId: TenantId;
}

export interface PublishRequest {
  readonly topic: string;
  readonly retain: boolean;
  readonly payloadBytes: number;
}

/** A presence message has about 200 bytes; the broker keeps one per device in memory. */
export const MAX_RETAINED_DEVICE_BYTES = 4096;

const UP: ReadonlySet<string> = new Set(DEVICE_UP_CHANNELS);
const DOWN: ReadonlySet<string> = new Set(DEVICE_DOWN_CHANNELS);

/**
 * Returns when the device may publish this: to its own up channels and upload topics, retained on `state` only.
 * Throws TOPIC_INVALID, ACCESS_DENIED or MESSAGE_TOO_LARGE. Holds for wills too.
 */
export function checkPublish(device: DevicePrincipal, request: PublishRequest): void {
  const topic = parseTopic(request.topic);
  if (!isOwn(device, topic)) throw denied("publishes only below its own branch");
  if (topic.kind === "device" && !UP.has(topic.channel)) throw denied(`does not publish to ${topic.channel}`);
  const mayRetain = topic.kind === "device" && topic.channel === "state";
  if (request.retain && !mayRetain) throw denied("retains messages on state only");
  const limitBytes = request.retain ? MAX_RETAINED_DEVICE_BYTES : MAX_MESSAGE_BYTES;
  if (request.payloadBytes > limitBytes) {
    throw new FedgeError(
      "MESSAGE_TOO_LARGE",
      `payload of ${request.payloadBytes} bytes; at most ${limitBytes}`,
    );
  }
}

/**
 * Returns when the device may subscribe to this: its own down channels, single blob blocks, signed metadata and the
 * server's state, each by its exact topic. Wildcards and `$` topics are no topics of the protocol. Throws TOPIC_INVALID or
 * ACCESS_DENIED.
 */
export function checkSubscribe(device: DevicePrincipal, filter: string): void {
  const topic = parseTopic(filter);
  if (topic.tenantId !== device.tenantId) throw denied("subscribes within its own tenant only");
  switch (topic.kind) {
    case "blob":
    case "meta":
    case "server-state":
      return;
    case "upload":
      throw denied("does not subscribe to uploads");
    case "device":
      if (!isOwn(device, topic)) throw denied("subscribes only below its own branch");
      if (!DOWN.has(topic.channel)) throw denied(`does not subscribe to ${topic.channel}`);
  }
}

function isOwn(
  device: DevicePrincipal,
  topic: Topic,
): topic is Extract<Topic, { kind: "device" | "upload" }> {
  if (topic.kind !== "device" && topic.kind !== "upload") return false;
  return topic.tenantId === device.tenantId && topic.deviceId === device.deviceId;
}

function denied(rule: string): FedgeError {
  return new FedgeError("ACCESS_DENIED", `a device ${rule}`);
}
