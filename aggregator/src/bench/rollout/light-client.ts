import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { FedgeError } from "@fedge/protocol";
import { connectPacket, pubackPacket, publishPacket, readPublish, subscribePacket } from "./mqtt-packets.js";
import { PacketReader } from "./packet-reader.js";

const [CONNACK, PUBLISH, PUBACK, SUBACK] = [2, 3, 4, 9];

export interface LightClientOptions {
  readonly port: number;
  readonly clientId: string;
  readonly password: string;
  readonly will: { readonly topic: string; readonly payload: Uint8Array };
  readonly onMessage: (topic: string, payload: Buffer) => void;
  /** The connection ended, and nobody asked for that. */
  readonly onLost: (error: FedgeError) => void;
}

/**
 * MQTT 3.1.1 at QoS 1 and nothing else, in a few kilobytes: ten thousand of them fit into one process. A client library
 * would measure itself.
 */
export class LightClient {
  readonly #waiting = new Map<number, () => void>();
  #packetId = 0;
  #connected: (code: number) => void = () => undefined;
  #isEnding = false;

  private constructor(
    private readonly socket: Socket,
    private readonly onMessage: LightClientOptions["onMessage"],
  ) {
    const reader = new PacketReader((type, flags, body) => this.#read(type, flags, body));
    socket.on("data", (chunk: Buffer) => reader.push(chunk));
    socket.setNoDelay(true);
  }

  /** Throws TRANSPORT_FAILED when the broker refuses. */
  static async open(options: LightClientOptions): Promise<LightClient> {
    const socket = connect(options.port, "127.0.0.1");
    await once(socket, "connect");
    const client = new LightClient(socket, options.onMessage);
    await client.#connect(options);
    return client;
  }

  /** Resolves when the broker has it. */
  publish(topic: string, payload: Uint8Array, retain = false): Promise<void> {
    return this.#request((packetId) => publishPacket({ topic, payload, retain, packetId }));
  }

  subscribe(topics: readonly string[]): Promise<void> {
    return this.#request((packetId) => subscribePacket(packetId, topics));
  }

  end(): void {
    this.#isEnding = true;
    this.socket.destroy();
  }

  async #connect(options: LightClientOptions): Promise<void> {
    const code = await new Promise<number>((resolve, reject) => {
      this.#connected = resolve;
      const ended = (cause?: unknown): void => {
        if (this.#isEnding) return;
        this.#isEnding = true;
        const message = `client ${options.clientId} lost its broker`;
        const error = new FedgeError("TRANSPORT_FAILED", message, { cause });
        reject(error);
        options.onLost(error);
      };
      this.socket.once("error", ended);
      this.socket.once("close", () => ended());
      this.socket.write(connectPacket(options));
    });
    if (code !== 0) throw new FedgeError("TRANSPORT_FAILED", `the broker refuses with code ${code}`);
  }

  #request(packet: (packetId: number) => Buffer): Promise<void> {
    this.#packetId = (this.#packetId % 0xffff) + 1;
    const packetId = this.#packetId;
    return new Promise((resolve) => {
      this.#waiting.set(packetId, resolve);
      this.socket.write(packet(packetId));
    });
  }

  #read(type: number, flags: number, body: Buffer): void {
    if (type === CONNACK) return this.#connected(body.readUInt8(1));
    if (type === PUBACK || type === SUBACK) {
      const packetId = body.readUInt16BE(0);
      this.#waiting.get(packetId)?.();
      this.#waiting.delete(packetId);
      return;
    }
    if (type !== PUBLISH) return;
    const { topic, payload, packetId } = readPublish(flags, body);
    if (packetId !== null) this.socket.write(pubackPacket(packetId));
    this.onMessage(topic, payload);
  }
}
