import { FedgeError } from "@fedge/protocol";
import type { AddressInfo, Server } from "node:net";

/**
 * Starts listening and gives the port. Throws PORT_TAKEN naming the port, or OPTION_INVALID when the address cannot
 * be used.
 */
export async function listenOn(
  server: Server,
  address: { readonly host: string; readonly port: number },
): Promise<number> {
  const { host, port } = address;
  await new Promise<void>((resolve, reject) => {
    const failed = (cause: Error): void => reject(listenError(address, cause));
    server.once("error", failed);
    server.listen({ host, port }, () => {
      server.off("error", failed);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

function listenError(address: { readonly host: string; readonly port: number }, cause: Error): FedgeError {
  const { host, port } = address;
  if ("code" in cause && cause.code === "EADDRINUSE") {
    return new FedgeError(
      "PORT_TAKEN",
      `MQTT port ${port} on ${host} is taken by another program; stop it, or choose another port with --mqtt-port`,
      { cause, details: { port } },
    );
  }
  return new FedgeError(
    "OPTION_INVALID",
    `cannot listen for MQTT on ${host}:${port}: ${cause.message}; choose another --mqtt-port or host`,
    { cause, details: { port } },
  );
}
