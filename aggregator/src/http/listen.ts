import { FedgeError } from "@fedge/protocol";
import { createAdaptorServer } from "@hono/node-server";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { HttpApp } from "./app.js";

export interface HttpListener {
  /** For WebSocket upgrades. */
  readonly server: Server;
  readonly host: string;
  readonly port: number;
  /** Stops accepting and ends every connection; resolves when no handler is at work any more. Idempotent. */
  close(): Promise<void>;
}

/**
 * Serves the app on a port; port 0 takes a free one.
 * Throws PORT_TAKEN when another program has the port, OPTION_INVALID when the address cannot be used.
 */
export async function listen(
  app: Pick<HttpApp, "fetch">,
  address: { readonly host: string; readonly port: number },
): Promise<HttpListener> {
  const answering = new Set<Promise<unknown>>();
  const server = createAdaptorServer({
    fetch: (request, env) => tracked(app.fetch(request, env), answering),
    serverOptions: { requestTimeout: 300_000, headersTimeout: 20_000, maxHeaderSize: 16 * 1024 },
  }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => reject(listenError(cause, address)));
    server.listen(address.port, address.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | null = null;
  return {
    server,
    host: address.host,
    port,
    close: () => {
      closing ??= closeServer(server, answering);
      return closing;
    },
  };
}

/** A handler goes on after its connection has ended, and may still write. */
function tracked(
  answer: Response | Promise<Response>,
  answering: Set<Promise<unknown>>,
): Response | Promise<Response> {
  if (!(answer instanceof Promise)) return answer;
  answering.add(answer);
  const end = (): void => void answering.delete(answer);
  answer.then(end, end);
  return answer;
}

async function closeServer(server: Server, answering: ReadonlySet<Promise<unknown>>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    server.closeAllConnections();
  });
  await Promise.allSettled(answering);
}

function listenError(cause: NodeJS.ErrnoException, address: { host: string; port: number }): FedgeError {
  const place = `${address.host}:${address.port}`;
  if (cause.code === "EADDRINUSE") {
    return new FedgeError(
      "PORT_TAKEN",
      `port ${address.port} on ${address.host} is taken by another program; stop it, or choose a port with --port or FEDGE_PORT (0 takes a free one)`,
      { cause, details: { ...address } },
    );
  }
  return new FedgeError(
    "OPTION_INVALID",
    `cannot listen on ${place} (${cause.message}); check --host and --port`,
    {
      cause,
      details: { ...address },
    },
  );
}
