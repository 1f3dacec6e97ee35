import {
  FedgeError,
  decodeWith,
  deviceId,
  nonNegativeInt,
  tenantId,
  type DeviceId,
  type TenantId,
} from "@fedge/protocol";
import { SignJWT, errors, jwtVerify, type JWTPayload } from "jose";
import * as z from "zod/mini";
import type { Clock } from "../clock/clock.js";

const ALGORITHM = "HS256";
const ISSUER = "fedge";
const AUDIENCE = "fedge-device";
const DEFAULT_LIFETIME_MS = 3_600_000;
const MIN_SECRET_BYTES = 32;
/** Ours have about 260 characters; longer ones are not even parsed. */
const MAX_TOKEN_LENGTH = 1024;

export interface TokenClaims {
  readonly deviceId: DeviceId;
  readonly tenantId: TenantId;
  readonly expiresAtMs: number;
}

export interface DeviceTokens {
  issue(deviceId: DeviceId): Promise<{ readonly token: string; readonly expiresInMs: number }>;
  /** Throws TOKEN_EXPIRED, or TOKEN_INVALID for anything that this server did not sign for this tenant. */
  verify(token: string): Promise<TokenClaims>;
}

const claims = z.object({ sub: deviceId, tid: tenantId, exp: nonNegativeInt });

/** Short-lived JWTs (RFC 7519) under a secret that only this server has. Throws OPTION_INVALID for a short secret. */
export function createDeviceTokens(options: {
  readonly secret: Uint8Array;
  readonly tenantId: TenantId;
  readonly clock: Pick<Clock, "nowMs">;
  readonly lifetimeMs?: number;
}): DeviceTokens {
  const { secret, clock } = options;
  const expiresInMs = options.lifetimeMs ?? DEFAULT_LIFETIME_MS;
  if (secret.length < MIN_SECRET_BYTES) {
    throw new FedgeError(
      "OPTION_INVALID",
      `the token secret has ${secret.length} bytes; use ${MIN_SECRET_BYTES}`,
    );
  }
  const issue = async (device: DeviceId) => {
    const nowSeconds = Math.floor(clock.nowMs() / 1000);
    const token = await new SignJWT({ tid: options.tenantId })
      .setProtectedHeader({ alg: ALGORITHM })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(device)
      .setIssuedAt(nowSeconds)
      .setExpirationTime(nowSeconds + Math.floor(expiresInMs / 1000))
      .sign(secret);
    return { token, expiresInMs };
  };
  const verify = async (token: string) => {
    const payload = await verifiedPayload(token, secret, new Date(clock.nowMs()));
    const { sub, tid, exp } = decodeWith(claims, payload, { what: "token", code: "TOKEN_INVALID" });
    if (tid !== options.tenantId) throw invalid("it belongs to another tenant");
    return { deviceId: sub, tenantId: tid, expiresAtMs: exp * 1000 };
  };
  return { issue, verify };
}

async function verifiedPayload(token: string, secret: Uint8Array, currentDate: Date): Promise<JWTPayload> {
  if (token.length > MAX_TOKEN_LENGTH) throw invalid("it is too long");
  const expected = { algorithms: [ALGORITHM], issuer: ISSUER, audience: AUDIENCE, currentDate };
  try {
    return (await jwtVerify(token, secret, expected)).payload;
  } catch (cause) {
    if (cause instanceof errors.JWTExpired) {
      throw new FedgeError("TOKEN_EXPIRED", "the token has expired; request a new one", { cause });
    }
    throw invalid("this server did not issue it", cause);
  }
}

function invalid(why: string, cause?: unknown): FedgeError {
  return new FedgeError("TOKEN_INVALID", `the token is not valid: ${why}; request a new one`, { cause });
}
