import { FedgeError, type DeviceId, type TenantId } from "@fedge/protocol";
import type { Clock } from "../clock/clock.js";
import { decodePublicKey, deviceIdOf, isSameSecret, isSignedBy } from "./device-keys.js";
import type { DeviceTokens, TokenClaims } from "./device-tokens.js";
import type { DeviceRecord } from "../store/port.js";
import type { DeviceKeyStore } from "./ports.js";

/** How far a device's clock may be off when it asks for a token. */
export const MAX_CLOCK_SKEW_MS = 300_000;

export interface IssuedToken {
  readonly token: string;
  readonly expiresInMs: number;
  /** The server's clock, from which a device with a wrong one learns its error. */
  readonly serverTimeMs: number;
}

export interface EnrolmentRequest {
  /** base64url of the raw 32-byte Ed25519 public key. */
  readonly publicKey: string;
  readonly enrolmentKey?: string;
  readonly timestampMs: number;
  /** The key's signature of `enrolmentMessage(publicKey, timestampMs)`, base64url. */
  readonly proof: string;
}

export interface TokenRequest {
  readonly timestampMs: number;
  /** The device key's signature of `tokenMessage(deviceId, timestampMs)`, base64url. */
  readonly signature: string;
}

export interface DeviceIdentityService {
  /** Throws TOKEN_INVALID for a wrong proof, ACCESS_DENIED for a wrong enrolment key, a wrong clock or a replay. */
  enrol(
    request: EnrolmentRequest,
  ): Promise<IssuedToken & { readonly deviceId: DeviceId; readonly tenantId: TenantId }>;
  /** Throws DEVICE_UNKNOWN, TOKEN_INVALID for a wrong signature, or ACCESS_DENIED for a wrong clock or a replay. */
  refresh(deviceId: DeviceId, request: TokenRequest): Promise<IssuedToken>;
  /**
   * Deletes the device for good. Only the signature counts: whoever signed may have been offline since, with a clock that
   * was wrong and without the key to sign again, and a wish to be forgotten must not fail for that. Played again it does
   * what was wished: a device erases its key with its wish, and enrols by itself should it still have it.
   * Throws DEVICE_UNKNOWN, or TOKEN_INVALID for a wrong signature.
   */
  forget(deviceId: DeviceId, request: TokenRequest): Promise<void>;
  /** Throws TOKEN_INVALID, also for a device that is forgotten, or TOKEN_EXPIRED. */
  verifyToken(token: string): Promise<DeviceId>;
  /** As `verifyToken`, with tenant and expiry: what the broker asks. */
  verifyClaims(token: string): Promise<TokenClaims>;
}

export interface DeviceIdentityOptions {
  readonly tenantId: TenantId;
  readonly store: DeviceKeyStore;
  readonly tokens: DeviceTokens;
  readonly clock: Pick<Clock, "nowMs">;
  /** What every enrolment must show; null lets every device enrol. */
  readonly enrolmentKey: string | null;
}

/** What a device signs to enrol: it owns the key whose hash is its name, and asks now. */
export function enrolmentMessage(publicKey: string, timestampMs: number): string {
  return `fedge-enrol-v1:${publicKey}:${timestampMs}`;
}

/** What a device signs to get a token. */
export function tokenMessage(deviceId: DeviceId, timestampMs: number): string {
  return `fedge-token-v1:${deviceId}:${timestampMs}`;
}

/** What a device signs to be forgotten. */
export function forgetMessage(deviceId: DeviceId, timestampMs: number): string {
  return `fedge-forget-v1:${deviceId}:${timestampMs}`;
}

export function createDeviceIdentity(options: DeviceIdentityOptions): DeviceIdentityService {
  return {
    enrol: (request) => enrol(options, request),
    refresh: (deviceId, request) => refresh(options, deviceId, request),
    forget: (deviceId, request) => forget(options, deviceId, request),
    verifyToken: async (token) => (await verify(options, token)).deviceId,
    verifyClaims: (token) => verify(options, token),
  };
}

async function enrol(options: DeviceIdentityOptions, request: EnrolmentRequest) {
  const { publicKey, timestampMs, proof, enrolmentKey } = request;
  refuseWrongEnrolmentKey(options.enrolmentKey, enrolmentKey);
  const key = decodePublicKey(publicKey);
  if (!isSignedBy(key, enrolmentMessage(publicKey, timestampMs), proof)) {
    throw new FedgeError("TOKEN_INVALID", "the proof is not a signature by this public key");
  }
  refuseWrongClock(options.clock.nowMs(), timestampMs);
  const deviceId = deviceIdOf(key);
  const device = await options.store.enrolDevice({ deviceId, publicKey, atMs: options.clock.nowMs() });
  refuseDecommissioned(device);
  await refuseReplay(options, deviceId, timestampMs);
  return { deviceId, tenantId: options.tenantId, ...(await issue(options, deviceId)) };
}

function refuseWrongEnrolmentKey(expected: string | null, given: string | undefined): void {
  if (expected === null || (given !== undefined && isSameSecret(given, expected))) return;
  const fault = given === undefined ? "needs an enrolment key" : "was given a wrong enrolment key";
  throw new FedgeError("ACCESS_DENIED", `this server ${fault}; set the one its operator gave you`);
}

async function refresh(
  options: DeviceIdentityOptions,
  deviceId: DeviceId,
  request: TokenRequest,
): Promise<IssuedToken> {
  const { timestampMs } = request;
  refuseDecommissioned(
    await requireSigned(options, { deviceId, ...request }, tokenMessage(deviceId, timestampMs)),
  );
  // The signature comes first: the clock is told only to a device, and only a device's own requests count as newer.
  refuseWrongClock(options.clock.nowMs(), timestampMs);
  await refuseReplay(options, deviceId, timestampMs);
  return issue(options, deviceId);
}

async function forget(
  options: DeviceIdentityOptions,
  deviceId: DeviceId,
  request: TokenRequest,
): Promise<void> {
  await requireSigned(options, { deviceId, ...request }, forgetMessage(deviceId, request.timestampMs));
  // The device's own signature is the proof; nobody else can ask for it here.
  const draft = { actor: deviceId, action: "device.forget", subject: deviceId, details: {} };
  await options.store.deleteDevice(deviceId, { draft, atMs: options.clock.nowMs() });
}

async function requireSigned(
  { store }: DeviceIdentityOptions,
  { deviceId, signature }: TokenRequest & { readonly deviceId: DeviceId },
  message: string,
): Promise<DeviceRecord> {
  const device = await store.getDevice(deviceId);
  if (device === undefined) {
    throw new FedgeError("DEVICE_UNKNOWN", `device ${deviceId} is not enrolled here; enrol it first`);
  }
  if (isSignedBy(decodePublicKey(device.publicKey), message, signature)) return device;
  throw new FedgeError("TOKEN_INVALID", "the signature is not by this device's key");
}

/** An operator took it out of the fleet for good; only its own wish to be forgotten is still heard. */
function refuseDecommissioned({ deviceId, decommissionedAtMs }: DeviceRecord): void {
  if (decommissionedAtMs === null) return;
  throw new FedgeError(
    "ACCESS_DENIED",
    `device ${deviceId} is decommissioned; it needs a new identity to come back`,
  );
}

/** A token outlives the device that it was issued to. */
async function verify({ tokens, store }: DeviceIdentityOptions, token: string): Promise<TokenClaims> {
  const claims = await tokens.verify(token);
  const device = await store.getDevice(claims.deviceId);
  if (device?.decommissionedAtMs === null) return claims;
  throw new FedgeError("TOKEN_INVALID", "the token's device is not enrolled here any more; enrol it again");
}

/** Each timestamp serves once, whatever it was signed for. */
async function refuseReplay(
  { store, clock }: DeviceIdentityOptions,
  deviceId: DeviceId,
  timestampMs: number,
): Promise<void> {
  if (await store.acceptTokenTimestamp(deviceId, timestampMs)) return;
  throw new FedgeError("ACCESS_DENIED", "a request with this or a later timestamp was already accepted", {
    details: { serverTimeMs: clock.nowMs() },
  });
}

function refuseWrongClock(serverTimeMs: number, timestampMs: number): void {
  if (Math.abs(timestampMs - serverTimeMs) <= MAX_CLOCK_SKEW_MS) return;
  throw new FedgeError(
    "ACCESS_DENIED",
    `the request's clock is off by more than ${MAX_CLOCK_SKEW_MS / 1000} s; sign again with the server's time`,
    { details: { serverTimeMs } },
  );
}

async function issue(options: DeviceIdentityOptions, deviceId: DeviceId): Promise<IssuedToken> {
  return { ...(await options.tokens.issue(deviceId)), serverTimeMs: options.clock.nowMs() };
}
