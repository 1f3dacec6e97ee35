/** Byte strings at least this long are referenced until `finish`, not copied into the pending buffer. */
const REFERENCE_FROM_BYTES = 64;

/** Writes protobuf fields; large byte strings are copied exactly once, in `finish`. */
export class WireWriter {
  #parts: Uint8Array[] = [];
  #pending: number[] = [];
  #partBytes = 0;

  get sizeBytes(): number {
    return this.#partBytes + this.#pending.length;
  }

  tag(fieldNumber: number, wireType: number): void {
    this.int(fieldNumber * 8 + wireType);
  }

  /** A signed integer as a 64-bit two's complement varint, as protobuf's int32 and int64 are. */
  int(value: number): void {
    if (value < 0 || value > 0x7fff_ffff) {
      this.int64(BigInt(value));
      return;
    }
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.#pending.push((rest & 0x7f) | 0x80);
    this.#pending.push(rest);
  }

  int64(value: bigint): void {
    let rest = BigInt.asUintN(64, value);
    for (; rest > 0x7fn; rest >>= 7n) this.#pending.push(Number(rest & 0x7fn) | 0x80);
    this.#pending.push(Number(rest));
  }

  float(value: number): void {
    this.raw(new Uint8Array(new Float32Array([value]).buffer));
  }

  double(value: number): void {
    this.raw(new Uint8Array(new Float64Array([value]).buffer));
  }

  /** Length and content of a byte string. */
  bytes(value: Uint8Array): void {
    this.int(value.length);
    this.raw(value);
  }

  string(value: string): void {
    this.bytes(new TextEncoder().encode(value));
  }

  /** Bytes without a length. */
  raw(value: Uint8Array): void {
    if (value.length < REFERENCE_FROM_BYTES) {
      this.#pending.push(...value);
      return;
    }
    this.#flush();
    this.#push(value);
  }

  /** Length and content of another writer. */
  nested(writer: WireWriter): void {
    this.int(writer.sizeBytes);
    this.#flush();
    writer.#flush();
    for (const part of writer.#parts) this.#push(part);
  }

  finish(): Uint8Array<ArrayBuffer> {
    this.#flush();
    const result = new Uint8Array(this.#partBytes);
    let offset = 0;
    for (const part of this.#parts) {
      result.set(part, offset);
      offset += part.length;
    }
    return result;
  }

  #flush(): void {
    if (this.#pending.length === 0) return;
    this.#push(Uint8Array.from(this.#pending));
    this.#pending = [];
  }

  #push(part: Uint8Array): void {
    this.#parts.push(part);
    this.#partBytes += part.length;
  }
}
