import { FedgeError } from "@fedge/protocol";

const TIMEOUTS: ReadonlySet<string> = new Set([
  "keep alive timeout",
  "connect did not arrive in time",
  "drain timeout",
]);

/**
 * Why the broker ended a connection, as an error of ours; undefined when it did not: the network did, or the client
 * was refused at CONNECT, which is counted there.
 */
export function connectionFault(error: Error): FedgeError | undefined {
  if (error instanceof FedgeError) return error;
  if (TIMEOUTS.has(error.message))
    return new FedgeError("DEADLINE_EXCEEDED", error.message, { cause: error });
  if ("errorCode" in error || "code" in error) return undefined;
  return new FedgeError("MESSAGE_MALFORMED", error.message, { cause: error });
}
