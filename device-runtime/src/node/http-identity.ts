import {
  FedgeError,
  deviceId as deviceIdSchema,
  hasErrorCode,
  tenantId as tenantIdSchema,
} from "@fedge/protocol";
import * as z from "zod/mini";
import type { Clock } from "../core/ports/clock.js";
import type { Credentials, Identity } from "../core/ports/transport.js";
import type { DeviceKey } from "./device-key.js";

const enrolment = z.object({
  deviceId: deviceIdSchema,
  tenantId: tenantIdSchema,
  token: z.string().check(z.maxLength(4096)),
  expiresInMs: z.number(),
  serverTimeMs: z.number(),
  mqtt: z.object({ tcpUrl: z.string(), webSocketUrl: z.string() }),
});
const refusal = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

const REQUEST_TIMEOUT_MS = 15_000;
/** A token is renewed this long before it expires. */
const RENEW_BEFORE_MS = 60_000;

export interface HttpIdentityOptions {
  /** Such as `http://127.0.0.1:8787`. */
  readonly server: string;
  readonly key: DeviceKey;
  readonly clock: Clock;
  readonly enrolmentKey?: string;
  /** MQTT over WebSocket instead of TCP, for networks that let only the web through. */
  readonly useWebSocket?: boolean;
}

/** Enrols over HTTP with the device's key, and gets a new token the same way when the old one ends. */
export function createHttpIdentity(options: HttpIdentityOptions): Identity {
  let current: { readonly credentials: Credentials; readonly renewAtMs: number } | null = null;
  return {
    credentials: async ({ isRefused }) => {
      if (current !== null && !isRefused && options.clock.nowMs() < current.renewAtMs)
        return current.credentials;
      const answer = await enrol(options);
      const brokerUrl = options.useWebSocket === true ? answer.mqtt.webSocketUrl : answer.mqtt.tcpUrl;
      const { deviceId, tenantId, token } = answer;
      current = {
        credentials: { deviceId, tenantId, token, brokerUrl },
        renewAtMs: options.clock.nowMs() + answer.expiresInMs - RENEW_BEFORE_MS,
      };
      return current.credentials;
    },
  };
}

/** Enrolling the same key again is the same device, so a fresh token needs no other request. */
async function enrol({ server, key, enrolmentKey }: HttpIdentityOptions): Promise<z.infer<typeof enrolment>> {
  const proof = key.sign(`fedge-enrol-v1:${key.publicKey}`);
  const body = { publicKey: key.publicKey, proof, ...(enrolmentKey === undefined ? {} : { enrolmentKey }) };
  const value = await post(`${server.replace(/\/+$/, "")}/v1/devices`, body);
  const result = enrolment.safeParse(value);
  if (!result.success)
    throw new FedgeError("MESSAGE_MALFORMED", `${server} is not a Fedge aggregator, or of another version`);
  if (result.data.deviceId !== key.deviceId) {
    throw new FedgeError("TOKEN_INVALID", "the server calls this device by a name that is not its key's");
  }
  return result.data;
}

async function post(url: string, body: object): Promise<unknown> {
  const response = await request(url, body);
  const value: unknown = await response.json().catch(() => undefined);
  if (response.ok) return value;
  const refused = refusal.safeParse(value);
  const error = refused.success ? refused.data.error : { code: "", message: `status ${response.status}` };
  const code = hasErrorCode(error) ? error.code : "SERVER_UNREACHABLE";
  throw new FedgeError(code, `${url} refused: ${error.message}`);
}

async function request(url: string, body: object): Promise<Response> {
  const headers = { "content-type": "application/json" };
  const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  try {
    return await fetch(url, { method: "POST", headers, body: JSON.stringify(body), signal });
  } catch (cause) {
    throw new FedgeError("SERVER_UNREACHABLE", `cannot reach ${url}; is the aggregator running?`, { cause });
  }
}
