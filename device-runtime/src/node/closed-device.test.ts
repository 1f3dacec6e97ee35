import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Device } from "../core/device-interface.js";
import { createDevice } from "./create-device.js";

let stateDirectory: string;
let device: Device;
beforeAll(async () => {
  stateDirectory = await mkdtemp(join(tmpdir(), "fedge-closed-"));
  device = await createDevice({ server: "http://127.0.0.1:1", model: "digits", stateDirectory });
  await device.close();
});
afterAll(() => rm(stateDirectory, { recursive: true }));

test.each<[string, () => Promise<unknown>]>([
  ["predict", () => device.model("digits").predict({ input: [1] })],
  ["log", () => device.log("1", { action: "accepted" })],
  ["label", () => device.label("1", 3)],
  ["query", () => device.featureLog.query()],
  ["erase", () => device.featureLog.erase()],
  ["export", () => device.featureLog.export()[Symbol.asyncIterator]().next()],
  ["forget", () => device.forget()],
])("a closed device answers %s with CLOSED, whose store is no longer open", async (_, ask) => {
  await expect(ask()).rejects.toMatchObject({ code: "CLOSED" });
});
