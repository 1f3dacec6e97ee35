import { expect, test } from "vitest";
import { cohortsOf } from "./device-cohorts.js";

test.each(["site", "constructor", "toString"])(
  "a device that nobody gave the attribute %s is of its unknown cohort",
  (attribute) => {
    const device = { platform: "node", engine: "onnx", runtimeVersion: "1.0.0", attributes: {} } as const;

    expect(cohortsOf(device, [attribute])).toEqual([`${attribute}=unknown`]);
  },
);
