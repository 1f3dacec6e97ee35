import { decodeWith, tenantId as tenantIdSchema, type DeviceId } from "@fedge/protocol";
import { SignJWT, UnsecuredJWT } from "jose";
import { createPrivateKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../clock/manual-clock.js";
import type { DeviceRecord } from "../store/port.js";
import { adminTokenCheck, createSecretText } from "./admin-token.js";
import {
  createDeviceIdentity,
  enrolmentMessage,
  forgetMessage,
  tokenMessage,
  type DeviceIdentityService,
} from "./device-identity.js";
import { decodePublicKey, deviceIdOf, isSignedBy } from "./device-keys.js";
import { createDeviceTokens } from "./device-tokens.js";
import type { DeviceKeyStore } from "./ports.js";
import { nodeSecureRandom } from "./secure-random.js";

const tenant = (name: string) => decodeWith(tenantIdSchema, name, { what: "tenant", code: "OPTION_INVALID" });
const ACME = tenant("acme");
/** Long enough for HS512 too, so that only its name is what is wrong with it. */
const SECRET = new Uint8Array(64).fill(9);
const base64url = (hex: string): string => Buffer.from(hex, "hex").toString("base64url");

/** RFC 8032, section 7.1, test 2: the message is the single byte 0x72, "r". */
const RFC_PUBLIC = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
const RFC_SIGNATURE =
  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
  "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

class FakeDevice {
  #timestampMs = 1_700_000_000_000 - 300_001;
  readonly #key: KeyObject;
  readonly publicKey: string;
  readonly deviceId: DeviceId;

  constructor() {
    const pair = generateKeyPairSync("ed25519");
    this.#key = createPrivateKey(pair.privateKey.export({ type: "pkcs8", format: "pem" }));
    const raw = pair.publicKey.export({ type: "spki", format: "der" }).subarray(-32);
    this.publicKey = raw.toString("base64url");
    this.deviceId = deviceIdOf(raw);
  }

  sign(message: string): string {
    return sign(null, Buffer.from(message), this.#key).toString("base64url");
  }

  /** As asked at that time; each later than the one before, as a clock goes. */
  enrolment(enrolmentKey?: string, timestampMs = (this.#timestampMs += 1)) {
    const proof = this.sign(enrolmentMessage(this.publicKey, timestampMs));
    return {
      publicKey: this.publicKey,
      timestampMs,
      proof,
      ...(enrolmentKey === undefined ? {} : { enrolmentKey }),
    };
  }

  forgetRequest(timestampMs: number) {
    return { timestampMs, signature: this.sign(forgetMessage(this.deviceId, timestampMs)) };
  }

  tokenRequest(timestampMs: number) {
    return { timestampMs, signature: this.sign(tokenMessage(this.deviceId, timestampMs)) };
  }
}

function memoryKeys(): DeviceKeyStore {
  const devices = new Map<DeviceId, DeviceRecord>();
  const timestamps = new Map<DeviceId, number>();
  return {
    enrolDevice: async ({ deviceId, publicKey, atMs }) => {
      const never = { session: 0, runtimeVersion: "", engine: "", platform: "", serving: {} };
      const named = { attributes: {}, untrusting: null, tags: [], decommissionedAtMs: null };
      const presence = "offline" as const;
      const record = {
        deviceId,
        publicKey,
        enrolledAtMs: atMs,
        lastSeenAtMs: atMs,
        presence,
        ...never,
        ...named,
      };
      devices.set(deviceId, devices.get(deviceId) ?? record);
      return record;
    },
    getDevice: async (deviceId) => devices.get(deviceId),
    deleteDevice: async (deviceId) => {
      devices.delete(deviceId);
      timestamps.delete(deviceId);
    },
    acceptTokenTimestamp: async (deviceId, timestampMs) => {
      const isNewer = devices.has(deviceId) && timestampMs > (timestamps.get(deviceId) ?? 0);
      if (isNewer) timestamps.set(deviceId, timestampMs);
      return isNewer;
    },
  };
}

let clock: ManualClock;
let device: FakeDevice;
let identity: DeviceIdentityService;
function open(enrolmentKey: string | null = null): DeviceIdentityService {
  const tokens = createDeviceTokens({ secret: SECRET, tenantId: ACME, clock });
  return createDeviceIdentity({ tenantId: ACME, store: memoryKeys(), tokens, clock, enrolmentKey });
}
beforeEach(() => {
  clock = new ManualClock(1_700_000_000_000);
  device = new FakeDevice();
  identity = open();
});

describe("a device key", () => {
  test("verifies the signature of RFC 8032, test 2", () => {
    const key = decodePublicKey(base64url(RFC_PUBLIC));

    expect(isSignedBy(key, "r", base64url(RFC_SIGNATURE))).toBe(true);
    expect(isSignedBy(key, "s", base64url(RFC_SIGNATURE))).toBe(false);
    expect(isSignedBy(key, "r", base64url(`93${RFC_SIGNATURE.slice(2)}`))).toBe(false);
  });

  test("gives the device 22 characters of the base64url of its hash", () => {
    // Python: base64.urlsafe_b64encode(hashlib.sha256(bytes.fromhex(key)).digest())[:22]
    expect(deviceIdOf(Buffer.from(RFC_PUBLIC, "hex"))).toBe("OfcT0KZEJT8EUpQhufUbmw");
  });

  test.each([
    [36, "igqnFle6kPpQvFnjvv_H0u"],
    [3031, "aVYhC4rZfHJzsW3EFFBYHz"],
  ])("gives the device a name that no command line takes for a flag: key %d", (number, name) => {
    // Python: base64.urlsafe_b64encode(hashlib.sha256(number.to_bytes(32, "big")).digest()).lstrip(b"-")[:22]
    const key = Buffer.alloc(32);
    key.writeUInt32BE(number, 28);

    expect(deviceIdOf(key)).toBe(name);
  });

  test.each([
    ["too short", base64url(RFC_PUBLIC.slice(2))],
    ["too long", base64url(`${RFC_PUBLIC}00`)],
    ["padded", `${base64url(RFC_PUBLIC)}=`],
    ["of the other alphabet", Buffer.alloc(32, 0xff).toString("base64").replace("=", "")],
    ["with bits beyond the last byte", `${base64url(RFC_PUBLIC).slice(0, -1)}N`],
    ["empty", ""],
    ["huge", "A".repeat(1_000_000)],
  ])("that is %s is refused", (_name, text) => {
    expect(() => decodePublicKey(text)).toThrow(expect.objectContaining({ code: "TOKEN_INVALID" }));
  });
});

describe("enrolment", () => {
  test("gives the device its id, tenant and a token that names it", async () => {
    const enrolled = await identity.enrol(device.enrolment());

    expect(enrolled).toMatchObject({
      deviceId: device.deviceId,
      tenantId: "acme",
      expiresInMs: 3_600_000,
      serverTimeMs: 1_700_000_000_000,
    });
    expect(await identity.verifyToken(enrolled.token)).toBe(device.deviceId);
  });

  test("again is the same device", async () => {
    const [first, second] = [
      await identity.enrol(device.enrolment()),
      await identity.enrol(device.enrolment()),
    ];

    expect(second.deviceId).toBe(first.deviceId);
  });

  test("with another key's proof is refused", async () => {
    const proof = new FakeDevice().sign(enrolmentMessage(device.publicKey, clock.nowMs()));

    await expect(identity.enrol({ ...device.enrolment(), proof })).rejects.toMatchObject({
      code: "TOKEN_INVALID",
    });
  });

  test("that was seen before is refused, whoever sends it again", async () => {
    const seen = device.enrolment();
    await identity.enrol(seen);

    await expect(identity.enrol(seen)).rejects.toMatchObject({ code: "ACCESS_DENIED" });
  });

  test("of another day is refused, and told the server's time", async () => {
    const old = device.enrolment(undefined, clock.nowMs() - 300_001);

    await expect(identity.enrol(old)).rejects.toMatchObject({
      code: "ACCESS_DENIED",
      details: { serverTimeMs: clock.nowMs() },
    });
  });

  test("needs the enrolment key where the server has one", async () => {
    const closed = open("open sesame");

    await expect(closed.enrol(device.enrolment())).rejects.toMatchObject({ code: "ACCESS_DENIED" });
    await expect(closed.enrol(device.enrolment("open sesamf"))).rejects.toMatchObject({
      code: "ACCESS_DENIED",
    });
    expect((await closed.enrol(device.enrolment("open sesame"))).deviceId).toBe(device.deviceId);
  });
});

describe("a token request", () => {
  beforeEach(() => identity.enrol(device.enrolment()));

  test("signed now gives a new token", async () => {
    const { token } = await identity.refresh(device.deviceId, device.tokenRequest(clock.nowMs()));

    expect(await identity.verifyToken(token)).toBe(device.deviceId);
  });

  test.each([
    [-299_999, true],
    [300_000, true],
    [-300_001, false],
    [300_001, false],
  ])("whose clock is off by %d ms is accepted: %s", async (offMs, isAccepted) => {
    const refresh = identity.refresh(device.deviceId, device.tokenRequest(clock.nowMs() + offMs));

    const outcome = await refresh.then(
      () => true,
      (error: unknown) => error,
    );
    if (isAccepted) expect(outcome).toBe(true);
    else expect(outcome).toMatchObject({ code: "ACCESS_DENIED", details: { serverTimeMs: clock.nowMs() } });
  });

  test("sent again is refused, and so is an older one", async () => {
    const nowMs = clock.nowMs();
    await identity.refresh(device.deviceId, device.tokenRequest(nowMs));

    for (const timestampMs of [nowMs, nowMs - 1]) {
      const replay = identity.refresh(device.deviceId, device.tokenRequest(timestampMs));
      await expect(replay).rejects.toMatchObject({ code: "ACCESS_DENIED" });
    }
    await identity.refresh(device.deviceId, device.tokenRequest(nowMs + 1));
  });

  test("that is forged does not count as the newest", async () => {
    const nowMs = clock.nowMs();
    const forged = { timestampMs: nowMs + 1000, signature: new FakeDevice().sign("anything") };
    await expect(identity.refresh(device.deviceId, forged)).rejects.toMatchObject({ code: "TOKEN_INVALID" });

    await expect(identity.refresh(device.deviceId, device.tokenRequest(nowMs))).resolves.toBeDefined();
  });

  test("signed for another time or device is refused", async () => {
    const other = new FakeDevice();
    await identity.enrol(other.enrolment());
    const request = device.tokenRequest(clock.nowMs());

    const changed = identity.refresh(device.deviceId, { ...request, timestampMs: request.timestampMs + 1 });
    await expect(changed).rejects.toMatchObject({ code: "TOKEN_INVALID" });
    await expect(identity.refresh(other.deviceId, request)).rejects.toMatchObject({ code: "TOKEN_INVALID" });
  });

  test("of a device that never enrolled is refused", async () => {
    const stranger = new FakeDevice();

    const refresh = identity.refresh(stranger.deviceId, stranger.tokenRequest(clock.nowMs()));

    await expect(refresh).rejects.toMatchObject({ code: "DEVICE_UNKNOWN" });
  });
});

describe("a wish to be forgotten", () => {
  beforeEach(() => identity.enrol(device.enrolment()));
  const forget = (timestampMs = clock.nowMs(), by = device): Promise<void> =>
    identity.forget(device.deviceId, by.forgetRequest(timestampMs));

  test("ends the device: its name and its token are nobody's", async () => {
    const { token } = await identity.refresh(device.deviceId, device.tokenRequest(clock.nowMs()));
    await forget(clock.nowMs() + 1);

    const refresh = identity.refresh(device.deviceId, device.tokenRequest(clock.nowMs() + 2));
    await expect(refresh).rejects.toMatchObject({ code: "DEVICE_UNKNOWN" });
    await expect(identity.verifyToken(token)).rejects.toMatchObject({ code: "TOKEN_INVALID" });
    await expect(identity.verifyClaims(token)).rejects.toMatchObject({ code: "TOKEN_INVALID" });
  });

  test("serves however late it comes", async () => {
    const wish = device.forgetRequest(clock.nowMs() + 1);
    clock.advance(90 * 24 * 3_600_000);

    await expect(identity.forget(device.deviceId, wish)).resolves.toBeUndefined();
  });

  test("serves though its clock stood a year behind those of the requests before it", async () => {
    await identity.refresh(device.deviceId, device.tokenRequest(clock.nowMs()));
    const wish = device.forgetRequest(clock.nowMs() - 365 * 24 * 3_600_000);
    await identity.forget(device.deviceId, wish);

    const refresh = identity.refresh(device.deviceId, device.tokenRequest(clock.nowMs() + 1));
    await expect(refresh).rejects.toMatchObject({ code: "DEVICE_UNKNOWN" });
  });

  test("said again finds the device gone, which is what was wished", async () => {
    const wish = device.forgetRequest(clock.nowMs() + 1);
    await identity.forget(device.deviceId, wish);

    await expect(identity.forget(device.deviceId, wish)).rejects.toMatchObject({ code: "DEVICE_UNKNOWN" });
  });

  test("by another key is refused, and the device stays", async () => {
    await expect(forget(clock.nowMs(), new FakeDevice())).rejects.toMatchObject({ code: "TOKEN_INVALID" });

    await expect(
      identity.refresh(device.deviceId, device.tokenRequest(clock.nowMs())),
    ).resolves.toBeDefined();
  });

  test("is no request for a token, nor the other way round", async () => {
    const asToken = identity.refresh(device.deviceId, device.forgetRequest(clock.nowMs()));
    const asWish = identity.forget(device.deviceId, device.tokenRequest(clock.nowMs()));

    await expect(asToken).rejects.toMatchObject({ code: "TOKEN_INVALID" });
    await expect(asWish).rejects.toMatchObject({ code: "TOKEN_INVALID" });
  });

  test("of a device that is not enrolled says so", async () => {
    const stranger = new FakeDevice();
    const wish = identity.forget(stranger.deviceId, stranger.forgetRequest(clock.nowMs()));

    await expect(wish).rejects.toMatchObject({ code: "DEVICE_UNKNOWN" });
  });
});

describe("a token", () => {
  const issue = async (): Promise<string> => (await identity.enrol(device.enrolment())).token;
  const jwt = (changes: { issuer?: string; audience?: string; tid?: string; alg?: string }) =>
    new SignJWT({ tid: changes.tid ?? "acme" })
      .setProtectedHeader({ alg: changes.alg ?? "HS256" })
      .setSubject(device.deviceId)
      .setIssuer(changes.issuer ?? "fedge")
      .setAudience(changes.audience ?? "fedge-device")
      .setExpirationTime(1_700_003_600);

  test("says until when it holds", async () => {
    expect(await identity.verifyClaims(await issue())).toEqual({
      deviceId: device.deviceId,
      tenantId: "acme",
      expiresAtMs: 1_700_003_600_000,
    });
  });

  test("holds for an hour and no longer", async () => {
    const token = await issue();
    clock.advance(3_599_000);
    expect(await identity.verifyToken(token)).toBe(device.deviceId);

    clock.advance(1000);

    await expect(identity.verifyToken(token)).rejects.toMatchObject({ code: "TOKEN_EXPIRED" });
  });

  test("made with the same fields and secret is one of ours, so that the next tests change one thing each", async () => {
    await identity.enrol(device.enrolment());

    expect(await identity.verifyToken(await jwt({}).sign(SECRET))).toBe(device.deviceId);
  });

  test.each([
    ["of another secret", () => jwt({}).sign(new Uint8Array(64).fill(8))],
    ["of another issuer", () => jwt({ issuer: "other" }).sign(SECRET)],
    ["for another audience", () => jwt({ audience: "other" }).sign(SECRET)],
    ["of another tenant", () => jwt({ tid: "umbrella" }).sign(SECRET)],
    ["of another algorithm", () => jwt({ alg: "HS512" }).sign(SECRET)],
    [
      "without a signature",
      async () => new UnsecuredJWT({ sub: "ana", tid: "acme" }).setExpirationTime("1h").encode(),
    ],
    [
      "without a subject",
      () =>
        new SignJWT({ tid: "acme" })
          .setProtectedHeader({ alg: "HS256" })
          .setIssuer("fedge")
          .setAudience("fedge-device")
          .setExpirationTime(1_700_003_600)
          .sign(SECRET),
    ],
    [
      "that never expires",
      () =>
        new SignJWT({ tid: "acme" })
          .setProtectedHeader({ alg: "HS256" })
          .setSubject("ana")
          .setIssuer("fedge")
          .setAudience("fedge-device")
          .sign(SECRET),
    ],
    ["that is no token", async () => "hello"],
    ["that is empty", async () => ""],
    ["that is a megabyte", async () => "e".repeat(1_000_000)],
  ])("%s is refused", async (_name, make) => {
    await expect(identity.verifyToken(await make())).rejects.toMatchObject({ code: "TOKEN_INVALID" });
  });

  test("of which one character is changed is refused", async () => {
    const token = await issue();
    const changed = `${token.slice(0, -2)}${token.at(-2) === "A" ? "B" : "A"}${token.slice(-1)}`;

    await expect(identity.verifyToken(changed)).rejects.toMatchObject({ code: "TOKEN_INVALID" });
  });

  test("is not issued under a short secret", () => {
    expect(() => createDeviceTokens({ secret: new Uint8Array(31), tenantId: ACME, clock })).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID" }),
    );
  });
});

describe("the administrator's token", () => {
  test("is 32 random bytes, and another each time", () => {
    const [one, other] = [createSecretText(nodeSecureRandom), createSecretText(nodeSecureRandom)];

    expect(Buffer.from(one, "base64url")).toHaveLength(32);
    expect(one).not.toBe(other);
  });

  test.each([
    ["s3cret", true],
    ["s3cre", false],
    ["s3crets", false],
    ["", false],
  ])("is recognised: %j, %s", (candidate, expected) => {
    expect(adminTokenCheck("s3cret")(candidate)).toBe(expected);
  });
});
