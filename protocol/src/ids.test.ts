import { describe, expect, test } from "vitest";
import { deviceId, deviceIdOfKey, messageId, modelName, roundId, sha256, taskId, tenantId } from "./ids.js";

const IDENTIFIERS = { tenantId, deviceId, taskId, roundId, modelName, messageId };

describe.each(Object.entries(IDENTIFIERS))("%s", (_, schema) => {
  test.each(["a", "A-z_0", "-", "__proto__", "x".repeat(64)])("takes %s", (text) => {
    expect(schema.parse(text)).toBe(text);
  });

  test.each(["", "x".repeat(65), "a/b", "+", "#", "a b", "a.b", "..", "é", "a\n", "\u0000", "а"])(
    "refuses %j",
    (text) => {
      expect(schema.safeParse(text).success).toBe(false);
    },
  );

  test.each([undefined, null, 7, true, ["a"], { toString: () => "a" }])("refuses %j", (value) => {
    expect(schema.safeParse(value).success).toBe(false);
  });
});

describe("a hash", () => {
  test("takes 64 lower-case hexadecimal digits", () => {
    expect(sha256.safeParse("0123456789abcdef".repeat(4)).success).toBe(true);
  });

  test.each(["", "a".repeat(63), "a".repeat(65), "A".repeat(64), "g".repeat(64), `${"a".repeat(64)}\n`])(
    "refuses %j",
    (text) => {
      expect(sha256.safeParse(text).success).toBe(false);
    },
  );
});

test.each([
  ["OfcT0KZEJT8EUpQhufUbmyPVlIWxQzlXYZ0ZF4nTS3c", "OfcT0KZEJT8EUpQhufUbmy"],
  ["-igqnFle6kPpQvFnjvv_H0uCGmsnrvffCucbneU_yM4", "igqnFle6kPpQvFnjvv_H0u"],
  ["--aVYhC4rZfHJzsW3EFFBYHzfYwq561EOqJxJAbi4_Q", "aVYhC4rZfHJzsW3EFFBYHz"],
])(
  "the device whose key has the hash %s is called %s, which no command line takes for a flag",
  (hash, name) => {
    expect(deviceIdOfKey(hash)).toBe(name);
  },
);
