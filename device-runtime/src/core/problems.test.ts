import { FedgeError } from "@fedge/protocol";
import { expect, test } from "vitest";
import { Problems } from "./problems.js";

test.each(["METADATA_UNSIGNED", "RELEASE_UNSIGNED"] as const)(
  "%s is a problem with its remedy until the device can trust again",
  (code) => {
    const problems = new Problems([]);
    problems.met(new FedgeError(code, "root has 0 of 1 signatures"));
    const met = problems.all;
    problems.trusted();

    expect(met).toEqual([
      {
        code,
        message:
          "this address has other keys than before: root has 0 of 1 signatures. If its server was set up anew, " +
          "forget this device; if not, somebody else answers there",
      },
    ]);
    expect(problems.all).toEqual([]);
  },
);

test("what passes by itself is no problem", () => {
  const problems = new Problems([]);
  problems.met(new FedgeError("SERVER_UNREACHABLE", "no"));

  expect(problems.all).toEqual([]);
});
