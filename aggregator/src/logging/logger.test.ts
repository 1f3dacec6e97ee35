import { FedgeError } from "@fedge/protocol";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createLogger, createLoggerTo, type Logger } from "./logger.js";
import { redactText } from "./redaction.js";

const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbmEifQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const KEY = "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw";
const DEVICE = "OfcT0KZEJT8EUpQhufUbmw";
const HASH = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

function lines(): { logger: Logger; text: () => string; last: () => Record<string, unknown> } {
  const written: string[] = [];
  const logger = createLoggerTo({ write: (line: string) => void written.push(line) }, "info");
  return {
    logger,
    text: () => written.join(""),
    last: () => JSON.parse(written.at(-1) ?? "null") as Record<string, unknown>,
  };
}

describe("a log line", () => {
  test("is one JSON object with time, level, fields and message", () => {
    const { logger, text, last } = lines();

    logger.info({ deviceId: DEVICE, roundId: "r1" }, "a device left");

    expect(text().trim().split("\n")).toHaveLength(1);
    expect(last()).toEqual({
      level: "info",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      deviceId: DEVICE,
      roundId: "r1",
      msg: "a device left",
    });
  });

  test("below the level is not written", () => {
    const { logger, text } = lines();

    logger.debug({}, "detail");

    expect(text()).toBe("");
  });

  test("holds no token, key or address, wherever it was", () => {
    const { logger, text } = lines();
    const cause = new Error(`connect 10.1.2.3:5432 with ${KEY}`);

    logger.warn({ token: JWT, request: { authorization: `Bearer ${JWT}`, ip: "10.1.2.3" } }, `got ${JWT}`);
    logger.error(
      { err: new FedgeError("INTERNAL", `from 2001:db8::1 and ${KEY}`, { cause, details: { token: JWT } }) },
      "x",
    );
    logger.error({ err: `plain ${JWT}` }, "y");

    for (const secret of [JWT, KEY, "10.1.2.3", "2001:db8"]) expect(text()).not.toContain(secret);
  });

  test("tells an error's code, message, stack and causes", () => {
    const { logger, last } = lines();

    logger.error({ err: new FedgeError("STORAGE_FULL", "disk full", { cause: new Error("ENOSPC") }) }, "x");

    expect(last()["err"]).toEqual({
      code: "STORAGE_FULL",
      message: "disk full",
      stack: expect.stringContaining("FedgeError: disk full"),
      cause: { message: "ENOSPC", stack: expect.any(String) },
    });
  });
});

describe("redacting", () => {
  test.each([
    [`token ${JWT}.`, "token [token]."],
    [`key ${KEY}`, "key [key]"],
    ["postgresql://ana:s3cret@db.example/fleet", "postgresql://[user]@db.example/fleet"],
    ["from 192.168.0.17:5123", "from [address]:5123"],
    ["from ::ffff:192.168.0.17", "from [address]"],
    ["from fe80::1ff:fe23:4567:890a", "from [address]"],
    ["from 2001:0db8:85a3:0000:0000:8a2e:0370:7334", "from [address]"],
  ])("%j gives %j", (text, expected) => {
    expect(redactText(text)).toBe(expected);
  });

  test.each([
    `device ${DEVICE}`,
    `blob ${HASH}`,
    `fedge/1/acme/d/${DEVICE}/fl/up`,
    `fedge/1/acme/blob/${HASH}/0`,
    "at 12:34:56 version 1.2.3",
    "file:///srv/aggregator/dist/rounds/round-runner.js:177:13",
  ])("leaves %j as it is", (text) => {
    expect(redactText(text)).toBe(text);
  });
});

describe("a log file", () => {
  test("is appended to, and complete when the logger is closed", async () => {
    const directory = await mkdtemp(join(tmpdir(), "fedge-log-"));
    const file = join(directory, "logs", "fedge.log");
    for (const message of ["first", "second"]) {
      const logger = createLogger({ level: "info", file });
      logger.info({}, message);
      logger.close();
      logger.close();
    }

    const messages = (await readFile(file, "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { msg: string });

    expect(messages.map((line) => line.msg)).toEqual(["first", "second"]);
    await rm(directory, { recursive: true });
  });

  test("that cannot be opened is refused with the option's name", () => {
    expect(() => createLogger({ level: "info", file: "/proc/version/fedge.log" })).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID", message: expect.stringContaining("--log-file") }),
    );
  });
});
