import { FedgeError, MAX_MESSAGE_BYTES } from "@fedge/protocol";

/** Topic, packet identifier and length fields around the largest payload. */
export const MAX_PACKET_BYTES = MAX_MESSAGE_BYTES + 1024;
/** Client id, user name, token and will: nobody that is not yet known may make us hold more. */
export const MAX_CONNECT_PACKET_BYTES = 16 * 1024;

const PUBLISH = 3;

/**
 * Follows the fixed headers (MQTT 3.1.1, section 2.2) in a stream of packets without keeping any of it, so that a
 * packet is refused by the length it announces, before a parser collects its bytes.
 */
export class PacketGuard {
  #limitBytes = MAX_CONNECT_PACKET_BYTES;
  #header: "type" | "length" | "body" = "type";
  #remaining = 0;
  #numLengthBytes = 0;

  /** Throws MESSAGE_TOO_LARGE or MESSAGE_MALFORMED; the connection is then of no use any more. */
  inspect(chunk: Uint8Array): void {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#header === "body") {
        const skipped = Math.min(this.#remaining, chunk.length - offset);
        this.#remaining -= skipped;
        offset += skipped;
        if (this.#remaining === 0) this.#packetEnds();
      } else {
        const byte = chunk[offset] ?? 0;
        offset += 1;
        if (this.#header === "type") this.#readType(byte);
        else this.#readLength(byte);
      }
    }
  }

  #readType(byte: number): void {
    const [type, qos] = [byte >> 4, (byte >> 1) & 3];
    // QoS 2 would make the broker keep messages for a client; this protocol has no use for it.
    if (type === PUBLISH && qos > 1) throw malformed(`QoS ${qos}; publish with QoS 0 or 1`);
    this.#header = "length";
    this.#remaining = 0;
    this.#numLengthBytes = 0;
  }

  #readLength(byte: number): void {
    this.#remaining += (byte & 0x7f) * 128 ** this.#numLengthBytes;
    this.#numLengthBytes += 1;
    if (this.#remaining > this.#limitBytes) {
      throw new FedgeError(
        "MESSAGE_TOO_LARGE",
        `MQTT packet of at least ${this.#remaining} bytes; at most ${this.#limitBytes} are allowed here`,
      );
    }
    if ((byte & 0x80) === 0) {
      this.#header = "body";
      if (this.#remaining === 0) this.#packetEnds();
    } else if (this.#numLengthBytes === 4) {
      throw malformed("a length of more than four bytes");
    }
  }

  #packetEnds(): void {
    this.#header = "type";
    this.#limitBytes = MAX_PACKET_BYTES;
  }
}

function malformed(what: string): FedgeError {
  return new FedgeError("MESSAGE_MALFORMED", `MQTT packet with ${what}`);
}
