import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

export type Direction = "up" | "down";

/** A TCP line to a local port that breaks when a test wants it to. What was passed on before arrives. */
export class CuttingProxy {
  /** Bytes that were passed on to the server and to the client, over all connections. */
  readonly passed = { up: 0, down: 0 };
  numCuts = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #plan: { readonly direction: Direction; readonly limits: number[] } = { direction: "down", limits: [] };

  private constructor(targetPort: number) {
    this.#server = createServer((client) => this.#join(client, connect(targetPort, "127.0.0.1")));
  }

  static async open(targetPort: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(targetPort);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /**
   * Lets each of the next connections pass so many bytes in that direction and then ends it, in the middle of whatever
   * it is; connections after those are left alone.
   */
  cutNext(direction: Direction, bytesOfConnections: readonly number[]): void {
    this.#plan = { direction, limits: [...bytesOfConnections] };
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #join(client: Socket, target: Socket): void {
    const { direction, limits } = this.#plan;
    const limit = limits.shift() ?? Infinity;
    this.#pass(client, target, { direction: "up", limit: direction === "up" ? limit : Infinity });
    this.#pass(target, client, { direction: "down", limit: direction === "down" ? limit : Infinity });
  }

  #pass(
    from: Socket,
    to: Socket,
    { direction, limit }: { readonly direction: Direction; readonly limit: number },
  ): void {
    let room = limit;
    this.#sockets.add(from);
    from.on("data", (chunk: Buffer) => {
      if (room <= 0) return;
      const part = chunk.subarray(0, Math.min(room, chunk.length));
      room -= part.length;
      this.passed[direction] += part.length;
      to.write(part);
      if (room > 0) return;
      this.numCuts += 1;
      from.end();
      to.end();
    });
    from.on("error", () => to.destroy());
    from.on("close", () => {
      this.#sockets.delete(from);
      to.end();
    });
  }
}
