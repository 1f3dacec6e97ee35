import { createPublicKey, verify } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Identity } from "../core/ports/transport.js";
import { ManualClock } from "../testing/manual-clock.js";
import { deviceKeyOf } from "../node/device-key.js";
import { createHttpIdentity } from "./http-identity.js";

interface Request {
  readonly path: string;
  readonly body: Record<string, unknown>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const key = deviceKeyOf(Buffer.alloc(32, 7));
const HOUR_MS = 3_600_000;
const requests: Request[] = [];
let answers: ((request: Request) => Answer)[] = [];
let [server, url] = [undefined as Server | undefined, ""];

beforeAll(async () => {
  server = createServer((incoming, outgoing) => {
    const parts: Buffer[] = [];
    incoming.on("data", (part: Buffer) => parts.push(part));
    incoming.on("end", () => {
      const body = JSON.parse(Buffer.concat(parts).toString()) as Request["body"];
      const request = { path: incoming.url ?? "", body };
      requests.push(request);
      const answer = (answers.shift() ?? enrolled())(request);
      outgoing.writeHead(answer.status, { "content-type": "application/json" });
      outgoing.end(JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise<void>((resolve) => void server?.close(() => resolve())));
beforeEach(() => {
  requests.length = 0;
  answers = [];
});

const mqtt = { tcpUrl: "mqtt://broker:1883", webSocketUrl: "ws://broker/mqtt" };
const root = { sha256: "a".repeat(64), sizeBytes: 2000 };
const SERVER_TIME_MS = 1_800_000_000_000;

function token(name: string, serverTimeMs = SERVER_TIME_MS): Record<string, unknown> {
  return { token: name, expiresInMs: HOUR_MS, serverTimeMs };
}

function enrolled(change: Record<string, unknown> = {}): () => Answer {
  const body = { deviceId: key.deviceId, tenantId: "acme", root, mqtt, ...token("first"), ...change };
  return () => ({ status: 201, body });
}

function renewed(name: string, serverTimeMs?: number): () => Answer {
  return () => ({ status: 200, body: token(name, serverTimeMs) });
}

function refused(code: string, details: object = {}): () => Answer {
  return () => ({ status: 403, body: { error: { code, message: "no", details } } });
}

function open(change: object = {}): { identity: Identity; clock: ManualClock } {
  const clock = new ManualClock(SERVER_TIME_MS);
  return { identity: createHttpIdentity({ server: `${url}/`, key, clock, ...change }), clock };
}

function isSigned(text: string, signature: unknown): boolean {
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: key.publicKey }, format: "jwk" });
  return verify(null, Buffer.from(text), publicKey, Buffer.from(String(signature), "base64url"));
}

describe("enrolment", () => {
  test("presents the key with a proof, and the operator's enrolment key", async () => {
    const { identity } = open({ enrolmentKey: "sesame" });

    await identity.credentials({ isRefused: false });

    expect(requests[0]?.path).toBe("/v1/devices");
    expect(requests[0]?.body).toMatchObject({ publicKey: key.publicKey, enrolmentKey: "sesame" });
    const text = `fedge-enrol-v1:${key.publicKey}:${SERVER_TIME_MS}`;
    expect(requests[0]?.body["timestampMs"]).toBe(SERVER_TIME_MS);
    expect(isSigned(text, requests[0]?.body["proof"])).toBe(true);
  });

  test("with a clock that runs hours ahead is asked again by the server's", async () => {
    const { identity } = open({ clock: new ManualClock(SERVER_TIME_MS + 5 * HOUR_MS) });
    answers = [refused("ACCESS_DENIED", { serverTimeMs: SERVER_TIME_MS }), enrolled()];

    await identity.credentials({ isRefused: false });

    expect(requests.map(({ body }) => body["timestampMs"])).toEqual([
      SERVER_TIME_MS + 5 * HOUR_MS,
      SERVER_TIME_MS,
    ]);
  });

  test.each([
    [false, mqtt.tcpUrl],
    [true, mqtt.webSocketUrl],
  ])("leads to the broker that the server names (WebSocket: %s)", async (useWebSocket, brokerUrl) => {
    const { identity } = open({ useWebSocket });

    expect(await identity.credentials({ isRefused: false })).toEqual({
      deviceId: key.deviceId,
      tenantId: "acme",
      token: "first",
      brokerUrl,
      root,
    });
  });

  test.each([
    ["no root", undefined],
    ["a root without a hash", { sizeBytes: 2000 }],
    ["a hash that is none", { sha256: "../root", sizeBytes: 2000 }],
  ])("of a server that names %s for trust to begin with is refused", async (_what, named) => {
    answers = [enrolled({ root: named })];
    const { identity } = open();

    await expect(identity.credentials({ isRefused: false })).rejects.toMatchObject({
      code: "MESSAGE_MALFORMED",
    });
  });

  test("is asked for once while the token is good", async () => {
    const { identity, clock } = open();
    await identity.credentials({ isRefused: false });
    clock.advance(HOUR_MS - 61_000);
    await identity.credentials({ isRefused: false });

    expect(requests).toHaveLength(1);
  });

  test.each<[string, () => Answer, string]>([
    ["another name than the key's", enrolled({ deviceId: "somebody-else" }), "TOKEN_INVALID"],
    ["an answer that is none", () => ({ status: 200, body: { hello: 1 } }), "MESSAGE_MALFORMED"],
    ["a wrong enrolment key", refused("ACCESS_DENIED"), "ACCESS_DENIED"],
    ["an error page", () => ({ status: 502, body: "bad gateway" }), "SERVER_UNREACHABLE"],
    ["a code from the future", refused("TELEPORTED"), "SERVER_UNREACHABLE"],
    ["an endless answer", enrolled({ more: "x".repeat(100_000) }), "SERVER_UNREACHABLE"],
  ])("refuses %s", async (_, answer, code) => {
    answers = [answer];
    const { identity } = open();

    await expect(identity.credentials({ isRefused: false })).rejects.toMatchObject({ code });
  });

  test("says where nothing answers", async () => {
    const { identity } = open({ server: "http://127.0.0.1:1" });

    await expect(identity.credentials({ isRefused: false })).rejects.toMatchObject({
      code: "SERVER_UNREACHABLE",
      message: expect.stringContaining("http://127.0.0.1:1") as string,
    });
  });
});

describe("a token", () => {
  test("is renewed a minute before its end, with the key's signature and without the enrolment key", async () => {
    answers = [enrolled(), renewed("second")];
    const { identity, clock } = open({ enrolmentKey: "sesame" });
    await identity.credentials({ isRefused: false });
    clock.advance(HOUR_MS - 59_000);

    const credentials = await identity.credentials({ isRefused: false });

    expect(credentials.token).toBe("second");
    expect(requests[1]?.path).toBe(`/v1/devices/${key.deviceId}/token`);
    expect(Object.keys(requests[1]?.body ?? {}).sort()).toEqual(["signature", "timestampMs"]);
    const { timestampMs, signature } = requests[1]?.body ?? {};
    expect(isSigned(`fedge-token-v1:${key.deviceId}:${String(timestampMs)}`, signature)).toBe(true);
  });

  test("is asked for with the server's time when this clock is wrong", async () => {
    const ahead = SERVER_TIME_MS + 10 * HOUR_MS;
    answers = [enrolled({ serverTimeMs: ahead }), renewed("second")];
    const { identity, clock } = open();
    await identity.credentials({ isRefused: false });
    clock.advance(HOUR_MS);
    await identity.credentials({ isRefused: false });

    expect(requests[1]?.body["timestampMs"]).toBe(ahead + HOUR_MS);
  });

  test("is asked for once more when the server says that the clock is wrong", async () => {
    const now = SERVER_TIME_MS + 5 * HOUR_MS;
    answers = [enrolled(), refused("ACCESS_DENIED", { serverTimeMs: now }), renewed("second", now)];
    const { identity, clock } = open();
    await identity.credentials({ isRefused: false });
    clock.advance(HOUR_MS);

    const { token: second } = await identity.credentials({ isRefused: false });

    expect(second).toBe("second");
    expect(requests[2]?.body["timestampMs"]).toBe(now);
  });

  test("of a device that the server has forgotten comes from a new enrolment", async () => {
    answers = [enrolled(), refused("DEVICE_UNKNOWN"), enrolled({ token: "anew" })];
    const { identity, clock } = open();
    await identity.credentials({ isRefused: false });
    clock.advance(HOUR_MS);

    expect((await identity.credentials({ isRefused: false })).token).toBe("anew");
  });

  test("that the broker refuses is replaced at once, from wherever the broker is now", async () => {
    const moved = { ...mqtt, tcpUrl: "mqtt://elsewhere:1883" };
    answers = [enrolled(), enrolled({ token: "second", mqtt: moved })];
    const { identity } = open();
    await identity.credentials({ isRefused: false });

    expect(await identity.credentials({ isRefused: true })).toMatchObject({
      token: "second",
      brokerUrl: "mqtt://elsewhere:1883",
    });
  });

  test("comes by the key alone when the operator has changed the enrolment key", async () => {
    answers = [enrolled(), refused("ACCESS_DENIED"), renewed("second")];
    const { identity } = open({ enrolmentKey: "old" });
    await identity.credentials({ isRefused: false });

    expect((await identity.credentials({ isRefused: true })).token).toBe("second");
  });
});
