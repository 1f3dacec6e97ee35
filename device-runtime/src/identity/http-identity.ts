import {
  FedgeError,
  decodeWith,
  deviceId as deviceIdSchema,
  errorCodeOf,
  type ErrorCode,
} from "@fedge/protocol";
import type { Clock } from "../core/ports/clock.js";
import type { Credentials, Farewell, Identity } from "../core/ports/transport.js";
import type { DeviceKey } from "./device-key.js";
import {
  enrolmentAnswer,
  forgetAnswer,
  postJson,
  tokenAnswer,
  type EnrolmentAnswer,
  type TokenAnswer,
} from "./identity-requests.js";

/** A token is renewed this long before it expires. */
const RENEW_BEFORE_MS = 60_000;
const REFUSALS: ReadonlySet<ErrorCode> = new Set(["DEVICE_UNKNOWN", "ACCESS_DENIED", "TOKEN_INVALID"]);

/** Where to enrol, and with which key. */
export interface HttpIdentityOptions {
  /** Such as `http://127.0.0.1:8787`. */
  readonly server: string;
  readonly key: DeviceKey;
  /** Erases what keeps the key; without it the key is gone with the process. */
  readonly eraseKey?: () => Promise<void>;
  readonly clock: Clock;
  readonly enrolmentKey?: string;
  /** MQTT over WebSocket instead of TCP, for networks that let only the web through. */
  readonly useWebSocket?: boolean;
}

/**
 * Enrols over HTTP with the device's key; afterwards the key alone gets a new token when the old one ends. Enrolling
 * the same key again is the same device, so each start asks anew where the broker is.
 */
export function createHttpIdentity(options: HttpIdentityOptions): Identity {
  return new HttpIdentity(options);
}

class HttpIdentity implements Identity {
  #current: { readonly credentials: Credentials; readonly renewAtMs: number } | null = null;
  #enrolment: EnrolmentAnswer | null = null;
  /** Server time minus this clock: what a device with a wrong clock has to add. */
  #skewMs = 0;
  #servedTimestampMs = -1;
  readonly #server: string;

  constructor(private readonly options: HttpIdentityOptions) {
    this.#server = options.server.replace(/\/+$/, "");
  }

  async credentials({ isRefused }: { readonly isRefused: boolean }): Promise<Credentials> {
    const current = this.#current;
    if (current !== null && !isRefused && this.#nowMs() < current.renewAtMs) return current.credentials;
    const known = this.#enrolment;
    const answer = await this.#answer(known, isRefused);
    const { deviceId, tenantId, token, expiresInMs, mqtt, root } = answer;
    const brokerUrl = this.options.useWebSocket === true ? mqtt.webSocketUrl : mqtt.tcpUrl;
    const credentials = { deviceId, tenantId, token, brokerUrl, root };
    this.#current = { credentials, renewAtMs: this.#nowMs() + expiresInMs - RENEW_BEFORE_MS };
    return credentials;
  }

  async farewell(): Promise<Farewell> {
    const { key } = this.options;
    const deviceId = decodeWith(deviceIdSchema, key.deviceId, { what: "device id", code: "TOKEN_INVALID" });
    const timestampMs = this.#timestampMs();
    const signature = await key.sign(`fedge-forget-v1:${deviceId}:${timestampMs}`);
    return { deviceId, timestampMs, signature };
  }

  async sayFarewell({ deviceId, timestampMs, signature }: Farewell): Promise<void> {
    const url = `${this.#server}/v1/devices/${deviceId}/forget`;
    try {
      await postJson(url, { timestampMs, signature }, forgetAnswer);
    } catch (error) {
      if (errorCodeOf(error) !== "DEVICE_UNKNOWN") throw error;
    }
  }

  async erase(): Promise<void> {
    this.#current = null;
    this.#enrolment = null;
    await this.options.eraseKey?.();
  }

  /** What did not work is asked for as at the beginning: the broker may have moved. */
  async #answer(known: EnrolmentAnswer | null, isRefused: boolean): Promise<EnrolmentAnswer> {
    if (known !== null && !isRefused) return this.#renew(known);
    try {
      return await this.#enrol();
    } catch (error) {
      // A device that is enrolled needs no enrolment key, and the operator may have changed it.
      if (known === null || errorCodeOf(error) !== "ACCESS_DENIED") throw error;
      return { ...known, ...(await this.#requestToken()) };
    }
  }

  #enrol(): Promise<EnrolmentAnswer> {
    return this.#withServerTime(() => this.#enrolNow());
  }

  async #enrolNow(): Promise<EnrolmentAnswer> {
    const { key, enrolmentKey } = this.options;
    const { publicKey } = key;
    const timestampMs = this.#timestampMs();
    const proof = await key.sign(`fedge-enrol-v1:${publicKey}:${timestampMs}`);
    const body = { publicKey, timestampMs, proof, ...(enrolmentKey === undefined ? {} : { enrolmentKey }) };
    const answer = await postJson(`${this.#server}/v1/devices`, body, enrolmentAnswer);
    if (answer.deviceId !== key.deviceId) {
      throw new FedgeError("TOKEN_INVALID", "the server calls this device by a name that is not its key's");
    }
    this.#served(timestampMs, answer);
    this.#enrolment = answer;
    return answer;
  }

  /** A server that refuses, such as one that does not know the device any more, is asked to enrol it again. */
  async #renew(known: EnrolmentAnswer): Promise<EnrolmentAnswer> {
    try {
      return { ...known, ...(await this.#requestToken()) };
    } catch (error) {
      if (!REFUSALS.has(errorCodeOf(error))) throw error;
      return this.#enrol();
    }
  }

  #requestToken(): Promise<TokenAnswer> {
    return this.#withServerTime(() => this.#requestTokenNow());
  }

  /** Once more with the server's clock when it says that this one is wrong. */
  async #withServerTime<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      const serverTimeMs = serverTimeOf(error);
      if (serverTimeMs === null) throw error;
      this.#skewMs = serverTimeMs - this.#nowMs();
      return ask();
    }
  }

  /** Later than the last one that served, also when the server has told since that this clock runs ahead. */
  #timestampMs(): number {
    return Math.max(this.#servedTimestampMs + 1, Math.round(this.#nowMs() + this.#skewMs));
  }

  async #requestTokenNow(): Promise<TokenAnswer> {
    const { key } = this.options;
    const { deviceId } = key;
    const timestampMs = this.#timestampMs();
    const signature = await key.sign(`fedge-token-v1:${deviceId}:${timestampMs}`);
    const url = `${this.#server}/v1/devices/${deviceId}/token`;
    const answer = await postJson(url, { timestampMs, signature }, tokenAnswer);
    this.#served(timestampMs, answer);
    return answer;
  }

  #served(timestampMs: number, { serverTimeMs }: TokenAnswer): void {
    this.#servedTimestampMs = timestampMs;
    this.#skewMs = serverTimeMs - this.#nowMs();
  }

  #nowMs(): number {
    return this.options.clock.nowMs();
  }
}

function serverTimeOf(error: unknown): number | null {
  if (!(error instanceof FedgeError) || error.code !== "ACCESS_DENIED") return null;
  const { serverTimeMs } = error.details;
  return typeof serverTimeMs === "number" && Number.isSafeInteger(serverTimeMs) ? serverTimeMs : null;
}
