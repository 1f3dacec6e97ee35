import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { randomBytes } from "node:crypto";
import * as z from "zod/mini";
import { alertRecord } from "../../drift/alerts/alert-record.js";
import { signatureOf, type WebhookOptions } from "../../drift/webhook/webhook-target.js";

const MOST_BYTES = 64 * 1024;

const call = z.object({
  ...{ type: z.string(), deliveryId: z.string(), alert: alertRecord },
  ...{ others: z.array(alertRecord), otherIds: z.array(z.string()) },
});
export type WebhookCall = z.infer<typeof call>;

/** Every alert that a call tells of. */
export function alertIdsOf({ alert, others, otherIds }: WebhookCall): string[] {
  return [alert, ...others].map(({ alertId }) => alertId).concat(otherIds);
}

/** A target as an operator would write it: it takes calls that the secret signed, each delivery once. */
export class WebhookReceiver {
  readonly #calls = new Map<string, WebhookCall>();
  readonly #secret = randomBytes(24).toString("hex");
  readonly #server: Server;
  #numRefused = 0;

  private constructor(private readonly onCall: (call: WebhookCall) => void) {
    this.#server = createServer((request, response) => {
      void this.#take(request)
        .catch(() => false)
        .then((isTaken) => {
          if (!isTaken) this.#numRefused += 1;
          response.writeHead(isTaken ? 204 : 401).end();
        });
    });
  }

  static async open(onCall: (call: WebhookCall) => void): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver(onCall);
    await new Promise<void>((resolve, reject) => {
      receiver.#server.once("error", reject);
      receiver.#server.listen(0, "127.0.0.1", resolve);
    });
    return receiver;
  }

  get options(): WebhookOptions {
    const { port } = this.#server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}/alerts`, secret: this.#secret };
  }

  /** In the order in which they came. */
  get calls(): readonly WebhookCall[] {
    return [...this.#calls.values()];
  }

  /** Calls that nobody with the secret made. */
  get numRefused(): number {
    return this.#numRefused;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #take(request: IncomingMessage): Promise<boolean> {
    const body = await bodyOf(request);
    const signature = String(request.headers["x-fedge-signature"]);
    const atMs = Number(/^t=(\d{1,15}),/.exec(signature)?.[1]);
    if (signatureOf(body, this.#secret, atMs) !== signature) return false;
    const said = call.parse(JSON.parse(body));
    if (this.#calls.has(said.deliveryId)) return true;
    this.#calls.set(said.deliveryId, said);
    this.onCall(said);
    return true;
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BYTES) throw new Error("too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
