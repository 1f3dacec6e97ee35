import * as z from "zod/mini";
import { FedgeError } from "./errors.js";
import { messageId } from "./ids.js";
import { MAX_MESSAGE_BYTES } from "./limits.js";
import { decodeWith, nonNegativeInt } from "./schema.js";

/** Raised on every incompatible change of any message; a peer of another version is refused by name. */
export const PROTOCOL_VERSION = 1;

/**
 * Carries every control message. MQTT 3.1.1 has no correlation, expiry or schema version, so they live here.
 * `session` and `seq` let a consumer drop what it has already seen; `sentAtMs` is for people, never compared.
 */
export const envelopeHeader = z.object({
  v: z.literal(PROTOCOL_VERSION),
  id: messageId,
  sentAtMs: nonNegativeInt,
  session: nonNegativeInt,
  seq: nonNegativeInt,
  /** The receiver drops the message after this many milliseconds of its own clock. */
  ttlMs: z.optional(nonNegativeInt),
});
export type EnvelopeHeader = z.infer<typeof envelopeHeader>;
export type Envelope<Body> = EnvelopeHeader & { readonly body: Body };

/** The envelope as UTF-8 JSON. Throws MESSAGE_TOO_LARGE above `MAX_MESSAGE_BYTES`. */
export function encodeEnvelope<Body>(envelope: Envelope<Body>): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(JSON.stringify(envelope));
  if (bytes.byteLength > MAX_MESSAGE_BYTES) throw tooLarge(bytes.byteLength);
  return bytes;
}

/**
 * The checked envelope with its body as the schema's type.
 *
 * Throws MESSAGE_TOO_LARGE, MESSAGE_MALFORMED or PROTOCOL_VERSION_UNSUPPORTED, and nothing else.
 */
export function decodeEnvelope<T extends z.ZodMiniType>(
  bytes: Uint8Array,
  body: T,
  what: string,
): Envelope<z.output<T>> {
  if (bytes.byteLength > MAX_MESSAGE_BYTES) throw tooLarge(bytes.byteLength);
  const value = parseJson(bytes, what);
  refuseOtherVersion(value, what);
  const context = { what, code: "MESSAGE_MALFORMED" } as const;
  const header = decodeWith(envelopeHeader, value, context);
  const decoded = decodeWith(z.object({ body }), value, context) as { body: z.output<T> };
  return { ...header, body: decoded.body };
}

function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FedgeError("MESSAGE_MALFORMED", `${what}: not UTF-8 JSON`, { cause });
  }
}

function refuseOtherVersion(value: unknown, what: string): void {
  if (typeof value !== "object" || value === null || !("v" in value)) return;
  if (value.v === PROTOCOL_VERSION || typeof value.v !== "number") return;
  throw new FedgeError(
    "PROTOCOL_VERSION_UNSUPPORTED",
    `${what}: protocol version ${value.v}; this side speaks ${PROTOCOL_VERSION}. Update the older side.`,
    { details: { received: value.v, supported: PROTOCOL_VERSION } },
  );
}

function tooLarge(sizeBytes: number): FedgeError {
  return new FedgeError(
    "MESSAGE_TOO_LARGE",
    `message of ${sizeBytes} bytes; at most ${MAX_MESSAGE_BYTES} are allowed`,
    {
      details: { sizeBytes },
    },
  );
}
