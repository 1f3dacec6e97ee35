import { startServer, type RunningServer } from "@fedge/aggregator";
import type { Device } from "@fedge/device-runtime";
import { decodeWith, modelName, taskId } from "@fedge/protocol";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDevice } from "../../electron-shell/src/renderer/create-device.js";
import { PageDouble } from "../../electron-shell/src/testing/page-double.js";
import { buildPage, type BuiltPage } from "../browser/built-page.js";
import { hasChromium, startChromium } from "../browser/chromium.js";
import { cloudExamples, cloudsTask, startDevice } from "../e2e/digits-task.js";
import { cloudsConverted } from "../e2e/layers-model.js";
import { eventually } from "../e2e/waiting.js";
import { runShell, type RunningShell } from "./running-shell.js";

const MODEL = "clouds";
const model = decodeWith(modelName, MODEL, { what: "model", code: "OPTION_INVALID" });
const task = decodeWith(taskId, "clouds-1", { what: "task", code: "OPTION_INVALID" });
const NUM_EXAMPLES = 30;

describe("a shell's device in a real process", () => {
  let directory = "";
  let server: RunningServer;
  let shell: RunningShell;
  let device: Device;
  let built: BuiltPage;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "fedge-shell-"));
    built = await buildPage("device-page");
    server = await startServer({
      ...{ host: "127.0.0.1", httpPort: 0, mqttPort: 0, logLevel: "silent" },
      stateDirectory: join(directory, "server"),
      allowedOrigins: [new URL(built.url).origin],
    });
    const onnx = await cloudsConverted();
    await server.service.importModel({ model, onnx, training: { loss: "softmax-cross-entropy" } });
    shell = await runShell({ server: server.httpUrl, model: MODEL }, join(directory, "desktop"));
    device = await openDevice();
  });
  afterAll(async () => {
    await shell.quit();
    await server.close();
    await built.close();
    await rm(directory, { recursive: true, force: true });
  });

  const openDevice = (): Promise<Device> =>
    createDevice(
      { server: server.httpUrl, model: MODEL, consent: { training: true, reporting: true } },
      new PageDouble(shell.electron),
    );
  const version = (): number | null => device.model(MODEL).version;
  const killProcess = (): void => shell.processes.at(-1)?.killWith("SIGKILL");

  /** One prediction after the other, each with the class that it should have been. */
  async function predictAndLabel(): Promise<void> {
    const { inputs, target } = await cloudExamples("desktop", NUM_EXAMPLES).examples(NUM_EXAMPLES);
    const values = inputs["input"]?.data as Float32Array;
    const width = values.length / NUM_EXAMPLES;
    for (let at = 0; at < NUM_EXAMPLES; at += 1) {
      const input = values.slice(at * width, (at + 1) * width);
      const { id } = await device.model(MODEL).predict({ input });
      await device.label(id, target.data[at] as bigint);
    }
  }

  test("serves the version that the server has, and remembers what it predicted", async () => {
    await eventually("the first version", async () => ((version() ?? 0) >= 1 ? true : undefined));
    await predictAndLabel();

    expect(await device.featureLog.query({ isLabelled: true, limit: 100 })).toHaveLength(NUM_EXAMPLES);
    expect(shell.electron.trays[0]?.toolTip).toBe("Fedge: Online");
  });

  test("is started again when it is killed, answers what it was asked, and has lost nothing", async () => {
    const { deviceId } = device.status();
    const input = new Float32Array(16);
    killProcess();
    const answers = await Promise.all([1, 2, 3].map(() => device.model(MODEL).predict({ input })));

    expect(answers.map((answer) => answer.version)).toEqual([1, 1, 1]);
    expect(shell.processes).toHaveLength(2);
    expect(await device.featureLog.query({ isLabelled: true, limit: 100 })).toHaveLength(NUM_EXAMPLES);
    await eventually("the same device to be online again", async () =>
      device.status().isOnline && device.status().deviceId === deviceId ? true : undefined,
    );
  });

  test.skipIf(!hasChromium)(
    "is in one round with a page in a browser and a device in Node (needs chromium)",
    async () => {
      const browser = await startChromium();
      const node = await startDevice(server.httpUrl, join(directory, "node"), "node");
      const tab = await browser.newPage();
      await tab.goto(built.url);
      const examples = await cloudExamples("page").examples(1000);
      await tab.evaluate(([url, data]) => page.start(url, ["clouds"], data), [
        server.httpUrl,
        examples,
      ] as const);
      const phases: string[] = [];
      device.on("round", ({ phase }) => phases.push(phase));

      await server.service.createTask(cloudsTask({ maxRounds: 3 }) as never);
      await eventually("the desktop to serve the last version", async () =>
        version() === 4 ? true : undefined,
      );
      await Promise.all([node.close(), browser.close()]);

      const rounds = await server.service.listRounds(task);
      expect(rounds.map(({ outcome, numCounted }) => [outcome, numCounted])).toEqual([
        ["committed", 3],
        ["committed", 3],
        ["committed", 3],
      ]);
      expect(phases.filter((phase) => phase === "training")).toHaveLength(3);
      expect(device.status().trainings[0]).toMatchObject({ numExamples: NUM_EXAMPLES });
    },
  );

  test("may not train any more within a second of its person coming back", async () => {
    const before = device.status().waitingFor;
    shell.electron.idleSeconds = 0;
    const atMs = performance.now();
    await eventually("the device to wait", async () =>
      device.status().waitingFor.includes("in use") ? true : undefined,
    );
    const tookMs = performance.now() - atMs;
    shell.electron.idleSeconds = 3600;

    expect(before).toEqual([]);
    expect(tookMs).toBeLessThan(1000);
  });

  test("is forgotten from its page, and another one begins when that asks again", async () => {
    const { deviceId } = device.status();
    expect(await device.forget()).toEqual({ isServerTold: true });
    device = await openDevice();
    await eventually("another device to be online", async () =>
      device.status().isOnline ? true : undefined,
    );

    expect(device.status().deviceId).not.toBe(deviceId);
    expect(await device.featureLog.query()).toEqual([]);
    expect(shell.processes).toHaveLength(2);
  });

  test("says so when another app holds its directory", async () => {
    const other = await runShell({ server: server.httpUrl, model: MODEL }, join(directory, "desktop"));
    const opening = createDevice({ model: MODEL }, new PageDouble(other.electron));

    await expect(opening).rejects.toMatchObject({ code: "STATE_DIRECTORY_LOCKED" });
    expect(other.electron.trays[0]?.toolTip).toBe("Fedge: Cannot start");
    await other.quit();
  });

  test("says goodbye and ends by itself when the app quits", async () => {
    const [pid] = [shell.processes.at(-1)?.pid ?? 0];
    const quitAtMs = performance.now();
    await shell.quit();

    expect(performance.now() - quitAtMs).toBeLessThan(5000);
    await eventually("the process to be gone", async () => (isRunning(pid) ? undefined : true));
    expect([shell.electron.hasQuit, shell.errors]).toEqual([true, []]);
  });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
