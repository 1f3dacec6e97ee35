import { FedgeError } from "@fedge/protocol";
import type { Device, HostConditions, LogOptions } from "@fedge/device-runtime";
import type { NodeDeviceOptions } from "@fedge/device-runtime/node";
import { connectDevice, type Line } from "@fedge/device-runtime/remote";
import { ManualClock } from "@fedge/device-runtime/testing";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { mainPortLine } from "../ports/main-port-line.js";
import { Emitter } from "../testing/emitter.js";
import { createPortPair } from "../testing/port-double.js";
import { runDeviceProcess } from "./device-process.js";

const START = {
  type: "start",
  device: { server: "http://127.0.0.1:1", models: ["digits"], stateDirectory: "/state" },
  reasons: ["in use"],
};
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A device that says little, and is closed when it is forgotten. */
function deviceDouble(): Device & { readonly events: Emitter; isClosed: boolean } {
  const events = new Emitter();
  const double = {
    events,
    isClosed: false,
    on: (event: string, listener: (detail: never) => void) => {
      events.on(event, listener);
      return () => events.off(event, listener);
    },
    status: () => ({
      isOnline: true,
      versions: { digits: 1 },
      waitingFor: ["in use"],
      round: { phase: "resting" },
      problems: [{ code: "STORAGE_FULL", message: "the disk is full" }],
    }),
    setConsent: () => undefined,
    close: () => Promise.resolve(void (double.isClosed = true)),
  };
  return double as never;
}

function runProcess(open: () => Promise<Device> = () => Promise.resolve(deviceDouble())) {
  const posted: unknown[] = [];
  const opened: (NodeDeviceOptions & { readonly conditions?: HostConditions })[] = [];
  let say: (message: unknown, line?: Line) => void = () => undefined;
  let end: () => void = () => undefined;
  let numExits = 0;
  runDeviceProcess({
    parent: {
      onMessage: (listener) => (say = (message, line) => listener(message, line ?? null)),
      onEnded: (listener) => (end = listener),
      post: (message) => posted.push(message),
    },
    createDevice: (options) => {
      opened.push(options);
      return open();
    },
    exit: () => (numExits += 1),
  });
  /** A page's device on a new line. */
  const connect = (hello: object = {}): Promise<Device> =>
    connectDevice({
      hello: { models: ["digits"], consent: {}, ...hello },
      clock: new ManualClock(),
      connect: async () => {
        const { port1, port2 } = createPortPair();
        say({ type: "connect" }, mainPortLine(port1));
        return mainPortLine(port2);
      },
    });
  return {
    ...{ posted, opened, connect },
    say: (message: unknown) => say(message),
    parentEnds: () => end(),
    numExits: () => numExits,
  };
}

describe("the device's process", () => {
  test("opens its device at the start, without a page, and says how it is", async () => {
    const { say, opened, posted } = runProcess();
    say(START);
    await settle();

    expect(opened).toMatchObject([START.device]);
    expect(posted).toEqual([
      {
        type: "summary",
        summary: {
          ...{ isOnline: true, versions: { digits: 1 }, phase: "resting" },
          ...{ waitingFor: ["in use"], problems: ["the disk is full"] },
        },
      },
    ]);
  });

  test("passes on what is given of the device, and nothing that is not", async () => {
    const { say, opened } = runProcess();
    const featureLog: Required<LogOptions> = {
      ...{ maxRows: 1, maxBytes: 2, maxAgeMs: 3, maxOutputBytes: 0, purpose: "words", explainEvery: 5 },
    };
    const more = { enrolmentKey: "key", featureLog };
    say({ ...START, device: { ...START.device, ...more } });

    expect(opened[0]).toEqual({ ...START.device, ...more, conditions: expect.anything() });
  });

  test("leaves it to the device to refuse an option of its log", async () => {
    const { say, opened } = runProcess();
    say({ ...START, device: { ...START.device, featureLog: { explainEver: 5 } } });

    expect(opened[0]).toMatchObject({ featureLog: { explainEver: 5 } });
  });

  test("opens its device with the bytes of the root that the app trusts, and its population", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fedge-root-"));
    const trustedRootFile = join(folder, "root.json");
    writeFileSync(trustedRootFile, '{"signed":{}}');
    const { say, opened } = runProcess();
    say({ ...START, device: { ...START.device, trustedRootFile, population: "ward-1" } });
    await vi.waitFor(() => expect(opened).toHaveLength(1));

    expect(new TextDecoder().decode(opened[0]?.trustedRoot)).toBe('{"signed":{}}');
    expect(opened[0]).toMatchObject({ population: "ward-1" });
    expect(opened[0]).not.toHaveProperty("trustedRootFile");
    rmSync(folder, { recursive: true });
  });

  test.each([
    ["is not there", null],
    ["is larger than a root may be", 512 * 1024 + 1],
  ])("opens no device when the file of the trusted root %s, and names it", async (_what, sizeBytes) => {
    const folder = mkdtempSync(join(tmpdir(), "fedge-root-"));
    const trustedRootFile = join(folder, "root.json");
    if (sizeBytes !== null) writeFileSync(trustedRootFile, new Uint8Array(sizeBytes));
    const { say, opened, posted } = runProcess();
    say({ ...START, device: { ...START.device, trustedRootFile } });
    await vi.waitFor(() => expect(posted).toHaveLength(1));

    expect(opened).toEqual([]);
    expect(posted).toEqual([
      {
        type: "failed",
        code: "OPTION_INVALID",
        message: expect.stringContaining(trustedRootFile) as string,
      },
    ]);
    rmSync(folder, { recursive: true });
  });

  test("finds the versions that come with the app in their folders, when one is needed", async () => {
    const { say, opened } = runProcess();
    const attributes = { region: "eu" };
    say({
      ...START,
      device: { ...START.device, attributes, baselineDirectories: { digits: "/no/such/folder" } },
    });

    const { baseline } = opened[0] ?? {};
    expect(opened[0]).toMatchObject({ attributes });
    await expect((baseline?.["digits"] as () => Promise<unknown>)()).rejects.toThrow("/no/such/folder");
  });

  test("lets its device train when the main process has nothing against it", async () => {
    const { say, opened } = runProcess();
    say(START);
    const conditions = opened[0]?.conditions as HostConditions;
    const heard: boolean[] = [conditions.isEligible()];
    conditions.onChange(() => heard.push(conditions.isEligible()));
    say({ type: "conditions", reasons: [] });
    say({ type: "conditions", reasons: ["on battery"] });

    expect([heard, conditions.reasons?.()]).toEqual([[false, true, false], ["on battery"]]);
  });

  test("serves its device to pages, with the server's address written either way", async () => {
    const { say, connect } = runProcess();
    say(START);
    const devices = [await connect(), await connect({ server: "http://127.0.0.1:1/" })];

    expect(devices.map((device) => device.model("digits").version)).toEqual([1, 1]);
  });

  test.each<[string, object]>([
    ["another server", { server: "http://other.example" }],
    ["a model that the app has not", { models: ["letters"] }],
  ])("has no device of %s", async (_, hello) => {
    const { say, connect } = runProcess();
    say(START);

    await expect(connect(hello)).rejects.toMatchObject({ code: "OPTION_INVALID" });
  });

  test("says why its device did not open, and tries again when a page asks", async () => {
    let isLocked = true;
    const { say, connect, posted, opened } = runProcess(() =>
      isLocked
        ? Promise.reject(new FedgeError("STATE_DIRECTORY_LOCKED", "in use by another process"))
        : Promise.resolve(deviceDouble()),
    );
    say(START);
    await expect(connect()).rejects.toMatchObject({ code: "STATE_DIRECTORY_LOCKED" });
    isLocked = false;
    await connect();

    expect(posted[0]).toEqual({
      ...{ type: "failed", code: "STATE_DIRECTORY_LOCKED", message: "in use by another process" },
    });
    expect(opened.length).toBeGreaterThan(1);
  });

  test("opens another device after one was forgotten", async () => {
    const devices: ReturnType<typeof deviceDouble>[] = [];
    const { say, connect, opened } = runProcess(() => {
      devices.push(deviceDouble());
      return Promise.resolve(devices.at(-1) as Device);
    });
    say(START);
    await connect();
    devices[0]?.events.emit("forgotten", { isServerTold: true });
    await connect();

    expect(opened).toHaveLength(2);
  });

  test.each<[string, unknown]>([
    ["no message", "hello"],
    ["an unknown one", { type: "eval" }],
    ["a second start", START],
    ["a connect without a port", { type: "connect" }],
    ["a start without a model", { ...START, device: { ...START.device, models: [] } }],
  ])("refuses %s, and says so", async (_, message) => {
    const { say, posted, opened } = runProcess();
    say(START);
    say(message);
    await settle();

    expect(posted).toContainEqual({ type: "refused", message: expect.any(String) });
    expect(opened).toHaveLength(1);
  });

  test.each(["is told to stop", "loses its parent"])(
    "closes its device when it %s, and ends",
    async (how) => {
      const device = deviceDouble();
      const { say, posted, parentEnds, numExits } = runProcess(() => Promise.resolve(device));
      say(START);
      await settle();
      if (how === "is told to stop") say({ type: "stop" });
      else parentEnds();
      say({ type: "stop" });
      await settle();

      expect([device.isClosed, posted.at(-1), numExits()]).toEqual([true, { type: "stopped" }, 1]);
    },
  );

  test("has no device for a page while it ends", async () => {
    const { say, connect } = runProcess();
    say(START);
    await settle();
    say({ type: "stop" });

    await expect(connect()).rejects.toMatchObject({ code: "CLOSED" });
  });
});
