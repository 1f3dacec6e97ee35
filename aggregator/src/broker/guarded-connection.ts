import { Duplex } from "node:stream";
import { PacketGuard } from "./packet-guard.js";

const BUFFER_BYTES = 64 * 1024;

type WriteDone = (error?: Error | null) => void;

/** A client's byte stream that ends, with the guard's error, before an oversized packet reaches the parser. */
export class GuardedConnection extends Duplex {
  readonly #guard = new PacketGuard();

  constructor(private readonly socket: Duplex) {
    super({ readableHighWaterMark: BUFFER_BYTES, writableHighWaterMark: BUFFER_BYTES, allowHalfOpen: false });
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("end", () => this.push(null));
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
  }

  /** Bytes that the client has not taken yet. */
  get numUnsentBytes(): number {
    return this.writableLength + this.socket.writableLength;
  }

  /**
   * Everything that is here. The broker reads once for each "readable" event; since Node 26 that is one chunk only, and
   * a packet that came in pieces would wait for the next packet.
   */
  override read(size?: number | null): Buffer | null {
    if (typeof size === "number") return super.read(size) as Buffer | null;
    const chunks: Buffer[] = [];
    for (let chunk = super.read() as Buffer | null; chunk !== null; chunk = super.read() as Buffer | null)
      chunks.push(chunk);
    return chunks.length < 2 ? (chunks[0] ?? null) : Buffer.concat(chunks);
  }

  override _read(): void {
    this.socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: WriteDone): void {
    if (this.socket.write(chunk)) done();
    else this.socket.once("drain", done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: WriteDone): void {
    this.socket.cork();
    const isFlowing = chunks.map(({ chunk }) => this.socket.write(chunk)).at(-1) ?? true;
    this.socket.uncork();
    if (isFlowing) done();
    else this.socket.once("drain", done);
  }

  override _final(done: WriteDone): void {
    this.socket.end(done);
  }

  override _destroy(error: Error | null, done: WriteDone): void {
    this.socket.destroy();
    done(error);
  }

  #receive(chunk: Buffer): void {
    if (this.destroyed) return;
    try {
      this.#guard.inspect(chunk);
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (!this.push(chunk)) this.socket.pause();
  }
}
