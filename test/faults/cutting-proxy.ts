import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

export type Direction = "up" | "down";

/** Passes bytes between devices and a server, and cuts the line in the middle of a transfer. */
export class CuttingProxy {
  readonly #sockets = new Set<Socket>();
  readonly #bytes = { up: 0, down: 0 };
  readonly #cuts: { readonly direction: Direction; readonly points: number[] };
  #numCuts = 0;

  private constructor(
    private readonly server: Server,
    private readonly upstreamPort: number,
    cuts: { readonly direction: Direction; readonly points: readonly number[] },
  ) {
    this.#cuts = { direction: cuts.direction, points: [...cuts.points] };
  }

  /** Cuts when the bytes of one direction, over all connections together, reach each of the points. */
  static async listen(
    upstreamPort: number,
    cuts: { readonly direction: Direction; readonly points: readonly number[] },
  ): Promise<CuttingProxy> {
    const server = createServer();
    const proxy = new CuttingProxy(server, upstreamPort, cuts);
    server.on("connection", (client) => proxy.#pair(client));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get numCuts(): number {
    return this.#numCuts;
  }

  /** What was passed on so far. */
  bytes(direction: Direction): number {
    return this.#bytes[direction];
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
    await once(this.server, "close");
  }

  #pair(client: Socket): void {
    const upstream = connect(this.upstreamPort, "127.0.0.1");
    this.#pass("up", client, upstream);
    this.#pass("down", upstream, client);
  }

  #pass(direction: Direction, from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on("data", (chunk: Buffer) => this.#forward(direction, chunk, { from, to }));
    // A reset is one more way for a connection to end, which is what this is for.
    from.on("error", () => to.destroy());
    from.once("close", () => {
      this.#sockets.delete(from);
      to.destroySoon();
    });
  }

  #forward(direction: Direction, chunk: Buffer, { from, to }: { from: Socket; to: Socket }): void {
    const point = direction === this.#cuts.direction ? this.#cuts.points[0] : undefined;
    const room = point === undefined ? Infinity : point - this.#bytes[direction];
    const passed = chunk.subarray(0, Math.min(room, chunk.length));
    this.#bytes[direction] += passed.length;
    if (room > chunk.length) return void to.write(passed);
    this.#cuts.points.shift();
    this.#numCuts += 1;
    from.removeAllListeners("data");
    to.end(passed);
    from.destroy();
  }
}
