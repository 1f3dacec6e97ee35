import { describe, expect, test } from "vitest";
import { found, tracesOfIds, tracesOfList, tracesOfText } from "./encodings.js";
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

  const ids = [17, 230, 45];
  const wide = Buffer.from(BigInt64Array.of(3n, 17n, 230n, 45n).buffer);
  test.each<[string, Buffer]>([
    ["64-bit ids", wide],
    ["64-bit ids, big endian", Buffer.from(wide).swap64()],
    ["32-bit ids", Buffer.from(Int32Array.of(17, 230, 45).buffer)],
    ["32-bit ids, big endian", Buffer.from(Int32Array.of(17, 230, 45).buffer).swap32()],
    ["32-bit float ids", Buffer.from(Float32Array.of(17, 230, 45).buffer)],
    ["64-bit float ids", Buffer.from(Float64Array.of(17, 230, 45).buffer)],
    ["64-bit float ids, big endian", Buffer.from(Float64Array.of(17, 230, 45).buffer).swap64()],
    ["base64 of 64-bit ids", Buffer.from(wide.toString("base64"))],
    [
      "base64 of 64-bit float ids",
      Buffer.from(Buffer.from(Float64Array.of(17, 230, 45).buffer).toString("base64")),
    ],
    [
      "hexadecimal of 32-bit ids",
      Buffer.from(Buffer.from(Int32Array.of(17, 230, 45).buffer).toString("hex")),
    ],
    ["decimals in JSON", Buffer.from("[3,17,230,45]")],
    ["decimals with spaces", Buffer.from("3, 17, 230, 45")],
    ["decimals between spaces", Buffer.from("3 17 230 45")],
    ["texts in JSON", Buffer.from('["3","17","230","45"]')],
  ])("%s", (_, bytes) => {
    expect(found(tracesOfIds(ids), noise(bytes))).not.toEqual([]);
  });

  test.each(['["quartz","limerick"]', '["quartz", "limerick"]'])("the list %s", (text) => {
    expect(found(tracesOfList(["quartz", "limerick"]), noise(text))).not.toEqual([]);
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
