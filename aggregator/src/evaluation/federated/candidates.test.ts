import { expect, test } from "vitest";
import type { ControlStore } from "../../store/port.js";
import { candidatesOf } from "./candidates.js";
import type { EvaluationRequest } from "./run-record.js";

test("a device that serves no model serves none that is called like what every object has", async () => {
  const device = { deviceId: "alice", decommissionedAtMs: null, serving: {} };
  const control = { listDevices: () => Promise.resolve([device]) } as unknown as ControlStore;
  const request = { model: "constructor", filter: null, segments: [] } as unknown as EvaluationRequest;
  const parts = { control, isOnline: () => true, compile: () => () => true, seed: "seed" };

  expect((await candidatesOf(request, parts)).size).toBe(0);
});
