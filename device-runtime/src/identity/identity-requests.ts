import {
  FedgeError,
  blobRef,
  decodeWith,
  deviceId,
  errorCodeOf,
  nonNegativeInt,
  positiveInt,
  tenantId,
} from "@fedge/protocol";
import * as z from "zod/mini";

const issued = {
  token: z.string().check(z.minLength(1), z.maxLength(4096)),
  expiresInMs: positiveInt,
  serverTimeMs: nonNegativeInt,
};
const url = z.string().check(z.maxLength(2048));

/** Answer to `POST /v1/devices`. */
export const enrolmentAnswer = z.object({
  deviceId,
  tenantId,
  ...issued,
  /** Trust in signed metadata begins with it, unless the app brings its own. */
  root: blobRef,
  mqtt: z.object({ tcpUrl: url, webSocketUrl: url }),
});
export type EnrolmentAnswer = z.infer<typeof enrolmentAnswer>;

/** Answer to `POST /v1/devices/{deviceId}/token`. */
export const tokenAnswer = z.object(issued);
export type TokenAnswer = z.infer<typeof tokenAnswer>;

/** Answer to `POST /v1/devices/{deviceId}/forget`. */
export const forgetAnswer = z.object({ deviceId });

const refusal = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    details: z.optional(z.record(z.string(), z.unknown())),
  }),
});

const REQUEST_TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * The checked answer of the aggregator.
 *
 * Throws SERVER_UNREACHABLE, MESSAGE_MALFORMED for what is no answer of an aggregator, and the code and details with
 * which the aggregator refuses.
 */
export async function postJson<T extends z.ZodMiniType>(
  address: string,
  body: object,
  answer: T,
): Promise<z.output<T>> {
  const { isOk, status, value } = await request(address, body);
  if (isOk) {
    return decodeWith(answer, value, { what: `answer of ${address}`, code: "MESSAGE_MALFORMED" });
  }
  const refused = z.safeParse(refusal, value);
  if (!refused.success)
    throw new FedgeError("SERVER_UNREACHABLE", `${address} answers with status ${status}`);
  const { code, message, details } = refused.data.error;
  // A code of a newer server is unknown here; the message says what it means.
  const known = errorCodeOf({ code });
  throw new FedgeError(
    known === "INTERNAL" ? "SERVER_UNREACHABLE" : known,
    `${address} refused: ${message}`,
    {
      details: details ?? {},
    },
  );
}

async function request(
  address: string,
  body: object,
): Promise<{ readonly isOk: boolean; readonly status: number; readonly value: unknown }> {
  const headers = { "content-type": "application/json" };
  const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  try {
    const response = await fetch(address, { method: "POST", headers, body: JSON.stringify(body), signal });
    return { isOk: response.ok, status: response.status, value: parse(await limitedText(response)) };
  } catch (cause) {
    throw new FedgeError("SERVER_UNREACHABLE", `cannot reach ${address}; is the aggregator running?`, {
      cause,
    });
  }
}

async function limitedText(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let sizeBytes = 0;
  for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
    sizeBytes += part.value.byteLength;
    if (sizeBytes > MAX_ANSWER_BYTES) {
      await reader?.cancel();
      throw new Error(`an answer of more than ${MAX_ANSWER_BYTES} bytes`);
    }
    text += decoder.decode(part.value, { stream: true });
  }
  return text + decoder.decode();
}

/** Undefined for what is no JSON; the schema refuses that by name. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
