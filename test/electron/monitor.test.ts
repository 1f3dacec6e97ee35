import { afterAll, beforeAll, expect, test } from "vitest";
import { forkedProcess } from "../../electron-shell/src/testing/process-double.js";
import { monitoredRows } from "../browser/monitor-page/monitored-rows.js";
import { buildMonitorProcess, type MonitorProcess } from "./monitor-process.js";

let built: MonitorProcess;
beforeAll(async () => {
  built = await buildMonitorProcess();
});
afterAll(() => built.remove());

test("a device's process of the shell makes the very bytes that Node's monitor makes of the same rows", async () => {
  const child = forkedProcess(built.path);
  const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));

  const inProcess = await new Promise<unknown>((resolve) => child.on("message", resolve));

  expect(inProcess).toEqual(await monitoredRows());
  expect(inProcess).toHaveLength(3);
  child.kill();
  await ended;
});
