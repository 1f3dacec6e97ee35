import fc from "fast-check";
import mqttPacket, { type Packet } from "mqtt-packet";
import { describe, expect, test } from "vitest";
import { MAX_CONNECT_PACKET_BYTES, MAX_PACKET_BYTES, PacketGuard } from "./packet-guard.js";

const CONNECT: Packet = {
  cmd: "connect",
  protocolId: "MQTT",
  protocolVersion: 4,
  clean: true,
  clientId: "ana",
  keepalive: 60,
  username: "ana",
  password: Buffer.alloc(300),
};

/** Bytes of the packets, by an encoder that is not ours. */
function encode(packets: readonly Packet[]): Buffer {
  return Buffer.concat(packets.map((packet) => mqttPacket.generate(packet)));
}

const publish = (size: number): Packet => ({
  cmd: "publish",
  topic: "t",
  payload: Buffer.alloc(size),
  qos: 1,
  messageId: 7,
  retain: false,
  dup: false,
});

/** Type byte of a PUBLISH with QoS 0 and a remaining length in the four-byte form's shortest encoding. */
function announce(lengthBytes: number, type = 0x30): number[] {
  const bytes = [type];
  let rest = lengthBytes;
  do {
    bytes.push((rest & 0x7f) | (rest > 127 ? 0x80 : 0));
    rest >>= 7;
  } while (rest > 0);
  return bytes;
}

/** A guard that has seen a CONNECT. */
function connectedGuard(): PacketGuard {
  const guard = new PacketGuard();
  guard.inspect(encode([CONNECT]));
  return guard;
}

describe("the packet guard", () => {
  test("passes whatever is within the limits, however it is cut into chunks", () => {
    const sizes = fc.array(fc.oneof(fc.nat(300), fc.integer({ min: 16_000, max: 128 * 1024 })), {
      maxLength: 6,
    });
    const cuts = fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(sizes, cuts, (payloads, lengths) => {
        const bytes = encode([CONNECT, ...payloads.map(publish), { cmd: "pingreq" }, { cmd: "disconnect" }]);
        const guard = new PacketGuard();
        let offset = 0;
        for (let index = 0; offset < bytes.length; index += 1) {
          const next = offset + (lengths[index % lengths.length] ?? 1);
          guard.inspect(bytes.subarray(offset, next));
          offset = next;
        }
        // What follows is a new packet: an oversized one is seen as such, so the guard has kept its place.
        expect(() => guard.inspect(Buffer.from(announce(MAX_PACKET_BYTES + 1)))).toThrow(
          /MQTT packet of at least/,
        );
      }),
      { numRuns: 60 },
    );
  });

  test("passes the largest packet and refuses one more byte, by the announcement alone", () => {
    connectedGuard().inspect(Buffer.from(announce(MAX_PACKET_BYTES)));

    expect(() => connectedGuard().inspect(Buffer.from(announce(MAX_PACKET_BYTES + 1)))).toThrow(
      expect.objectContaining({ code: "MESSAGE_TOO_LARGE" }),
    );
  });

  test("allows a first packet less", () => {
    new PacketGuard().inspect(Buffer.from(announce(MAX_CONNECT_PACKET_BYTES, 0x10)));

    expect(() =>
      new PacketGuard().inspect(Buffer.from(announce(MAX_CONNECT_PACKET_BYTES + 1, 0x10))),
    ).toThrow(expect.objectContaining({ code: "MESSAGE_TOO_LARGE" }));
  });

  test("refuses a length of five bytes", () => {
    const bytes = Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80, 0x01]);

    expect(() => connectedGuard().inspect(bytes)).toThrow(
      expect.objectContaining({ code: "MESSAGE_MALFORMED" }),
    );
  });

  test.each([2, 3])("refuses a PUBLISH of QoS %d", (qos) => {
    expect(() => connectedGuard().inspect(Buffer.from([0x30 | (qos << 1)]))).toThrow(
      expect.objectContaining({ code: "MESSAGE_MALFORMED" }),
    );
  });
});
