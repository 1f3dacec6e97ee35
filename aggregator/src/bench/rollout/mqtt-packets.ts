/*
 * MQTT 3.1.1 packets that a device sends: CONNECT (section 3.1) with a will, SUBSCRIBE (3.8), PUBLISH (3.3) and PUBACK
 * (3.4), all at QoS 1.
 */

export function connectPacket(options: {
  readonly clientId: string;
  readonly password: string;
  readonly will: { readonly topic: string; readonly payload: Uint8Array };
}): Buffer {
  const { clientId, password, will } = options;
  // User name, password, will retained at QoS 1, clean session; no keep-alive.
  const variable = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 0xee, 0, 0]);
  const fields = [clientId, will.topic, will.payload, clientId, password].map(field);
  return packet(0x10, [variable, ...fields]);
}

export function subscribePacket(packetId: number, topics: readonly string[]): Buffer {
  return packet(0x82, [uint16(packetId), ...topics.flatMap((topic) => [field(topic), Buffer.from([1])])]);
}

export function publishPacket(message: {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  readonly packetId: number;
}): Buffer {
  const { topic, payload, retain, packetId } = message;
  return packet(retain ? 0x33 : 0x32, [field(topic), uint16(packetId), Buffer.from(payload)]);
}

export function pubackPacket(packetId: number): Buffer {
  return packet(0x40, [uint16(packetId)]);
}

/** `packetId` is null at QoS 0, which wants no answer. */
export function readPublish(
  flags: number,
  body: Buffer,
): { readonly topic: string; readonly payload: Buffer; readonly packetId: number | null } {
  const topicEnd = 2 + body.readUInt16BE(0);
  const topic = body.toString("utf8", 2, topicEnd);
  if ((flags & 0x06) === 0) return { topic, payload: body.subarray(topicEnd), packetId: null };
  return { topic, payload: body.subarray(topicEnd + 2), packetId: body.readUInt16BE(topicEnd) };
}

function packet(head: number, parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  let left = body.length;
  do {
    length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    left >>= 7;
  } while (left > 0);
  return Buffer.concat([Buffer.from([head, ...length]), body]);
}

function field(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as Uint8Array);
  return Buffer.concat([uint16(bytes.length), bytes]);
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}
