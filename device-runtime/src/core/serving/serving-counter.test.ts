import type { ModelName } from "@fedge/protocol";
import { expect, test } from "vitest";
import { ServingCounter } from "./serving-counter.js";

test("a proxy that is called like what every object has is counted from nothing", () => {
  const counted = { model: "m" as ModelName, version: 1, releaseCounter: 1, installation: 0 };
  const counter = new ServingCounter(counted);

  counter.noted("constructor", true);
  counter.noted("constructor", false);

  expect(counter.message().proxies).toEqual({ constructor: { numTrue: 1, numAll: 2 } });
});
