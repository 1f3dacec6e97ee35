import { describe, expect, test } from "vitest";
import { found, tracesOfIds, tracesOfText } from "./encodings.js";
import { plainBytes } from "./recording-proxy.js";

const noise = (bytes: Buffer | string): Buffer =>
  Buffer.concat([Buffer.from([0, 255, 7]), Buffer.from(bytes), Buffer.from([9])]);

describe("a canary is found when it stands in bytes as", () => {
  const canary = "quartzlimerick";
  const traces = tracesOfText(canary);
  test.each<[string, Buffer]>([
    ["text", noise(`{"word":"${canary}"}`)],
    ["a word with a capital", noise("Quartzlimerick")],
    ["UTF-16", noise(Buffer.from(`x${canary}`, "utf16le"))],
    ["base64", noise(Buffer.from(canary).toString("base64"))],
    ["base64 after one byte", noise(Buffer.from(`a${canary}bc`).toString("base64"))],
    ["base64 after two bytes", noise(Buffer.from(`ab${canary}c`).toString("base64url"))],
    ["hexadecimal", noise(Buffer.from(canary).toString("hex").toUpperCase())],
    ["numbers", noise([...Buffer.from(canary)].join(","))],
  ])("%s", (_, bytes) => {
    expect(found(traces, bytes)).not.toEqual([]);
  });

  test("a row of ids", () => {
    const ids = tracesOfIds([17, 230, 45]);

    expect(found(ids, noise(Buffer.from(BigInt64Array.of(3n, 17n, 230n, 45n).buffer)))).toEqual([
      "64-bit ids",
    ]);
    expect(found(ids, noise("[3,17,230,45]"))).toEqual(["decimal ids"]);
  });

  test("and is not found where it is not", () => {
    expect(found(traces, noise("quartz limericks are something else"))).toEqual([]);
  });
});

test("the payload of a masked WebSocket frame is read", () => {
  // RFC 6455, section 5.7: a masked text frame that holds "Hello".
  const frame = Buffer.from("818537fa213d7f9f4d5158", "hex");
  const request = Buffer.from("GET /mqtt HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");

  expect(plainBytes(Buffer.concat([request, frame])).toString()).toMatch(/Hello$/);
});
