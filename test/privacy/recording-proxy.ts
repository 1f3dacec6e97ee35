import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** The head of an answer is in the first pieces of it. */
const KEPT_ANSWERS = 4;

/** Keeps every byte that clients send to a server, connection by connection, and passes everything on. */
export class RecordingProxy {
  readonly #connections: Buffer[][] = [];
  readonly #answers: Buffer[][] = [];
  readonly #sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async start(targetPort: number): Promise<RecordingProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const proxy = new RecordingProxy(server, (server.address() as AddressInfo).port);
    server.on("connection", (client) => proxy.#pass(client, targetPort));
    return proxy;
  }

  /** What each connection has sent, as it was sent. */
  get sent(): readonly Buffer[] {
    return this.#connections.map((parts) => Buffer.concat(parts));
  }

  /** Whether an answer agreed to pack what follows (RFC 7692): then the recording could not be read. */
  get isPacked(): boolean {
    return this.#answers.some((parts) => {
      const [head = ""] = Buffer.concat(parts).toString("latin1").split("\r\n\r\n");
      return /^sec-websocket-extensions:/im.test(head);
    });
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => void this.server.close(() => resolve()));
  }

  #pass(client: Socket, targetPort: number): void {
    const parts: Buffer[] = [];
    this.#connections.push(parts);
    const target = connect(targetPort, "127.0.0.1");
    for (const socket of [client, target]) {
      this.#sockets.add(socket);
      socket.on("close", () => {
        client.destroy();
        target.destroy();
      });
      socket.on("error", () => socket.destroy());
    }
    client.on("data", (bytes: Buffer) => parts.push(Buffer.from(bytes)));
    const answers: Buffer[] = [];
    this.#answers.push(answers);
    target.on("data", (bytes: Buffer) => answers.length < KEPT_ANSWERS && answers.push(Buffer.from(bytes)));
    client.pipe(target);
    target.pipe(client);
  }
}

/**
 * The payloads of a client's WebSocket frames, unmasked (RFC 6455, section 5.3), after its upgrade request; the bytes
 * themselves for a connection that never asked for an upgrade.
 */
export function plainBytes(sent: Buffer): Buffer {
  const head = sent.indexOf("\r\n\r\n");
  const isUpgrade = head >= 0 && /^upgrade: *websocket/im.test(sent.subarray(0, head).toString("latin1"));
  if (!isUpgrade) return sent;
  const payloads = [sent.subarray(0, head)];
  let rest = sent.subarray(head + 4);
  while (rest.length >= 6) {
    const short = (rest[1] ?? 0) & 0x7f;
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
    const start = 2 + extended + 4;
    if (rest.length < start) break;
    const length =
      extended === 0 ? short : Number(extended === 2 ? rest.readUInt16BE(2) : rest.readBigUInt64BE(2));
    const mask = rest.subarray(start - 4, start);
    const payload = Buffer.from(rest.subarray(start, start + length));
    for (let at = 0; at < payload.length; at += 1) payload[at] = (payload[at] ?? 0) ^ (mask[at % 4] ?? 0);
    payloads.push(payload);
    rest = rest.subarray(start + length);
  }
  return Buffer.concat(payloads);
}
