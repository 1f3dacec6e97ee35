import type { RunningServer } from "@fedge/aggregator";
import type { Device, TrainingData } from "@fedge/device-runtime";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDevice } from "../../electron-shell/src/renderer/create-device.js";
import { PageDouble } from "../../electron-shell/src/testing/page-double.js";
import { CLASSES, INPUTS, cloudExamples, startDevice } from "../e2e/digits-task.js";
import { runFedge } from "../e2e/fedge-command.js";
import { eventually } from "../e2e/waiting.js";
import { runShell, type RunningShell } from "../electron/running-shell.js";
import type { BuiltPage } from "./built-page.js";
import { hasChromium } from "./chromium.js";
import { CLOUDS, openCloudsPage, type CloudsPage } from "./clouds-page.js";
import type { PageEngine } from "./engine-page/engine-page.js";

const MODEL = "clouds";
/** Different for each, so that the sum says who was in it. */
const EXAMPLES = { wasm: 40, tfjs: 50, desktop: 30, node: 60 } as const;
type Name = keyof typeof EXAMPLES;
const NAMES = Object.keys(EXAMPLES) as Name[];
const NUM_EXAMPLES = NAMES.reduce((sum, name) => sum + EXAMPLES[name], 0);

interface Run {
  readonly runId: string;
  readonly numAnswered: number;
  readonly result: {
    readonly numExamples: number;
    readonly versions: readonly { readonly loss: number; readonly accuracy: number }[];
  };
}

describe.skipIf(!hasChromium)("an evaluation on devices (needs chromium)", () => {
  let clouds: CloudsPage;
  let directory = "";
  let server: RunningServer;
  let built: BuiltPage;
  let browser: Browser;
  let shell: RunningShell;
  let desktop: Device;
  let node: Device;
  const examplesOf = (name: Name): TrainingData => cloudExamples(name, EXAMPLES[name]);

  beforeAll(async () => {
    clouds = await openCloudsPage("engine-page");
    ({ directory, server, built, browser } = clouds);
    for (const engine of ["wasm", "tfjs"] as const) await openPage(engine);
    shell = await runShell({ server: server.httpUrl, model: MODEL }, join(directory, "desktop"));
    const consent = { training: true, reporting: true };
    desktop = await createDevice(
      { server: server.httpUrl, model: MODEL, consent },
      new PageDouble(shell.electron),
    );
    node = await startDevice(server.httpUrl, join(directory, "node"), "node", {
      trainingData: { [MODEL]: examplesOf("node") },
    });
    await eventually("the desktop to serve", async () => desktop.model(MODEL).version ?? undefined);
    await predictAndLabel();
  }, 180_000);

  afterAll(async () => {
    await Promise.all([node.close(), shell.quit()]);
    await clouds.close();
  });

  /** A page of a profile of its own: another one of the same is the same device. */
  async function openPage(engine: PageEngine & Name): Promise<void> {
    const tab = await (await browser.newContext()).newPage();
    await tab.goto(built.url);
    const data = await examplesOf(engine).examples(1e6);
    await tab.evaluate(([url, kind, given]) => enginePage.start(url, kind, given), [
      server.httpUrl,
      engine,
      data,
    ] as const);
  }

  /** What the desktop's feature log has to be measured on: a prediction for each example, and its class. */
  async function predictAndLabel(): Promise<void> {
    const { inputs, target } = await examplesOf("desktop").examples(EXAMPLES.desktop);
    const values = inputs["input"]?.data as Float32Array;
    for (let at = 0; at < EXAMPLES.desktop; at += 1) {
      const input = values.slice(at * INPUTS, (at + 1) * INPUTS);
      const { id } = await desktop.model(MODEL).predict({ input });
      await desktop.label(id, target.data[at] as bigint);
    }
  }

  /** Mean of -log p of the label and part of the rows whose likeliest class it is, by answers of the device in Node. */
  async function byHand(): Promise<{ readonly loss: number; readonly accuracy: number }> {
    let [sum, numRight] = [0, 0];
    for (const name of NAMES) {
      const { inputs, target } = await examplesOf(name).examples(EXAMPLES[name]);
      const { outputs } = await node.model(MODEL).predict(inputs);
      const chances = Array.from(outputs["classes"]?.data as Float32Array);
      for (const [row, label] of (target.data as BigInt64Array).entries()) {
        const own = chances.slice(row * CLASSES, (row + 1) * CLASSES);
        sum -= Math.log(own[Number(label)] as number);
        numRight += own.indexOf(Math.max(...own)) === Number(label) ? 1 : 0;
      }
    }
    return { loss: sum / NUM_EXAMPLES, accuracy: numRight / NUM_EXAMPLES };
  }

  test("is answered by pages with ONNX and with tfjs, by a desktop app's own process and by Node, and is kept", async () => {
    await eventually("four devices that serve the model", async () => {
      const known = await server.service.listDevices();
      const serving = known.filter((device) => device.serving[MODEL]?.version === 1);
      return serving.length === NAMES.length ? true : undefined;
    });
    const command = ["model", "evaluate", `${MODEL}@1`, "--devices", "4", "--min-devices", "4", "--json"];
    const place = ["--server", server.httpUrl, "--token", server.adminToken];

    const { exitCode, stdout, stderr } = await runFedge([...command, ...place], { cwd: directory });

    expect([exitCode, stderr]).toEqual([0, ""]);
    const { runId, numAnswered, result } = JSON.parse(stdout) as Run;
    expect([numAnswered, result.numExamples]).toEqual([NAMES.length, NUM_EXAMPLES]);
    const wanted = await byHand();
    // 1e-4: three runtimes that sum float32 in another order.
    expect(result.versions[0]?.loss).toBeCloseTo(wanted.loss, 4);
    expect(result.versions[0]?.accuracy).toBeCloseTo(wanted.accuracy, 9);
    const { evaluations } = (await server.service.getVersion(CLOUDS, 1)).version;
    const kept = evaluations.find(({ dataSet }) => dataSet === `devices:${runId}`);
    expect(kept).toMatchObject({ numExamples: NUM_EXAMPLES, accuracy: result.versions[0]?.accuracy });
    expect(shell.errors).toEqual([]);
  });
});
