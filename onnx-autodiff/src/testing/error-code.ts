import { FedgeError, type ErrorCode } from "@fedge/protocol";

/** Code of the FedgeError that `run` throws, undefined if it returns. Any other error is thrown on. */
export function codeOf(run: () => unknown): ErrorCode | undefined {
  return errorOf(run)?.code;
}

/** The FedgeError that `run` throws, undefined if it returns. Any other error is thrown on. */
export function errorOf(run: () => unknown): FedgeError | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof FedgeError) return error;
    throw error;
  }
}
