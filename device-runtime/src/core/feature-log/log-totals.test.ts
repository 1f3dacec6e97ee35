import { expect, test } from "vitest";
import { NO_ROWS } from "./log-head.js";
import { totalsAfter } from "./log-totals.js";

test("examples of a model that is called like what every object has are counted from nothing", () => {
  const measures = { model: "constructor", numExamples: 3, sizeBytes: 10 };
  const row = { id: "a", bytes: new Uint8Array(10), measures, before: null, isChanged: false };
  const change = { segments: [], rows: [row], goneSegments: [], goneRows: [] };

  expect(totalsAfter(NO_ROWS, change, () => true).numExamples).toEqual({ constructor: 3 });
});
