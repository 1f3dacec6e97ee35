/** Cuts a stream of bytes into MQTT control packets (MQTT 3.1.1, section 2.2). */
export class PacketReader {
  #rest: Buffer = Buffer.alloc(0);

  constructor(private readonly onPacket: (type: number, flags: number, body: Buffer) => void) {}

  push(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (let size = sizeOf(bytes); size !== null && bytes.length >= size.whole; size = sizeOf(bytes)) {
      const first = bytes.readUInt8(0);
      this.onPacket(first >> 4, first & 0x0f, bytes.subarray(size.header, size.whole));
      bytes = bytes.subarray(size.whole);
    }
    // A copy: a slice would keep the whole chunk in memory, ten thousand times.
    this.#rest = Buffer.from(bytes);
  }
}

/** Null while the length is not yet there as a whole. */
function sizeOf(bytes: Buffer): { readonly header: number; readonly whole: number } | null {
  let length = 0;
  for (let at = 1; at < Math.min(bytes.length, 5); at += 1) {
    const byte = bytes.readUInt8(at);
    length += (byte & 0x7f) * 128 ** (at - 1);
    if ((byte & 0x80) === 0) return { header: at + 1, whole: at + 1 + length };
  }
  return null;
}
