import { startServer, type RunningServer } from "@fedge/aggregator";
import { decodeWith, modelName, taskId } from "@fedge/protocol";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cloudExamples, cloudsTask, startDevice } from "../e2e/digits-task.js";
import { cloudsConverted } from "../e2e/layers-model.js";
import { eventually } from "../e2e/waiting.js";
import { buildPage, type BuiltPage } from "./built-page.js";
import { hasChromium, startChromium } from "./chromium.js";
import type { PageEngine } from "./engine-page/engine-page.js";

const model = decodeWith(modelName, "clouds", { what: "model", code: "OPTION_INVALID" });
const ISOLATED = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

describe.skipIf(!hasChromium)("the engine of a page (needs chromium)", () => {
  let directory = "";
  let server: RunningServer;
  let built: BuiltPage;
  let isolated: BuiltPage;
  let browser: Browser;
  let profile: BrowserContext;
  const taskOf = (name: string) => decodeWith(taskId, name, { what: "task", code: "OPTION_INVALID" });
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "fedge-engine-"));
    built = await buildPage("engine-page");
    isolated = await buildPage("engine-page", ISOLATED);
    browser = await startChromium();
    server = await startServer({
      ...{ host: "127.0.0.1", httpPort: 0, mqttPort: 0, logLevel: "silent" },
      stateDirectory: join(directory, "server"),
      allowedOrigins: [built, isolated].map(({ url }) => new URL(url).origin),
    });
    const onnx = await cloudsConverted();
    await server.service.importModel({ model, onnx, training: { loss: "softmax-cross-entropy" } });
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    await built.close();
    await isolated.close();
    await server.close();
    await rm(directory, { recursive: true, force: true });
  });
  beforeEach(async () => void (profile = await browser.newContext()));
  afterEach(() => profile.close());

  async function open(engine: PageEngine, from = built, seed?: string, numExamples = 60): Promise<Page> {
    const tab = await profile.newPage();
    await tab.goto(from.url);
    const examples = seed === undefined ? undefined : await cloudExamples(seed, numExamples).examples(1e6);
    await tab.evaluate(([url, kind, data]) => enginePage.start(url, kind, data), [
      ...[server.httpUrl, engine, examples],
    ] as [string, PageEngine, undefined]);
    return tab;
  }

  const engineOf = (tab: Page): Promise<string> => tab.evaluate(() => enginePage.status().engine);

  /** The probabilities of the first version for two points. */
  async function predictionOf(tab: Page): Promise<Float32Array> {
    await eventually("a version", async () =>
      (await tab.evaluate(() => enginePage.status().versions["clouds"] ?? 0)) > 0 ? true : undefined,
    );
    const { inputs } = await cloudExamples("held out", 2).examples(2);
    const { outputs } = await tab.evaluate((given) => enginePage.predict(given), inputs);
    return outputs["classes"]?.data as Float32Array;
  }

  const close = (one: Float32Array, other: Float32Array): void =>
    [...one].forEach((value, at) => expect(value).toBeCloseTo(other[at] ?? Number.NaN, 4));

  test("is measured where the app ships WebGPU, and what was found is remembered", async () => {
    const first = await open("webgpu");
    const chosen = await engineOf(first);
    const remembered = await first.evaluate(() => enginePage.rememberedProvider());
    const plain = await predictionOf(first);
    await first.evaluate(() => enginePage.close());
    await first.close();
    const second = await open("webgpu");

    expect(remembered?.reason).toMatch(/^measured: WebGPU [\d.]+ ms, WebAssembly [\d.]+ ms$/);
    expect(chosen).toMatch(new RegExp(`^onnxruntime-web@.* \\(${remembered?.provider}\\)$`));
    expect(await engineOf(second)).toBe(chosen);
    expect(await second.evaluate(() => enginePage.rememberedProvider())).toEqual(remembered);
    close(await predictionOf(second), plain);
  });

  test("answers alike on WebGPU, also several questions at once", async () => {
    const expected = await predictionOf(await open("wasm"));
    await profile.close();
    profile = await browser.newContext();
    // On this kind of machine the measurement would find WebAssembly faster.
    await profile.addInitScript(() => {
      const { put } = IDBObjectStore.prototype;
      IDBObjectStore.prototype.put = function (value: unknown, key?: IDBValidKey) {
        const text = key === "engine/provider" ? new TextDecoder().decode(value as Uint8Array) : "";
        if (text === "") return put.call(this, value, key);
        const changed = JSON.stringify({ ...(JSON.parse(text) as object), provider: "webgpu" });
        return put.call(this, new TextEncoder().encode(changed), key);
      };
    });
    const first = await open("webgpu");
    await first.evaluate(() => enginePage.close());
    await first.close();
    const tab = await open("webgpu");
    const answer = await predictionOf(tab);
    const { inputs } = await cloudExamples("held out", 2).examples(2);
    const several = await tab.evaluate(
      (given) => Promise.all([1, 2, 3, 4].map(() => enginePage.predict(given))),
      inputs,
    );

    expect(await engineOf(tab)).toMatch(/\(webgpu\)$/);
    close(answer, expected);
    for (const { outputs } of several) close(outputs["classes"]?.data as Float32Array, expected);
  });

  test("is WebAssembly where the browser has no WebGPU", async () => {
    const without = await browser.browserType().launch({
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-features=WebGPU"],
    });
    try {
      const tab = await without.newPage();
      await tab.goto(built.url);
      await tab.evaluate((url) => enginePage.start(url, "webgpu"), server.httpUrl);

      expect(await engineOf(tab)).toMatch(/\(wasm\)$/);
      expect((await predictionOf(tab)).length).toBe(6);
    } finally {
      await without.close();
    }
  });

  test("has threads in a page that is isolated, and none elsewhere", async () => {
    await profile.addInitScript(() =>
      Object.defineProperty(Navigator.prototype, "hardwareConcurrency", { get: () => 4 }),
    );
    const alone = await open("wasm");
    const expected = await predictionOf(alone);
    const aloneName = await engineOf(alone);
    await alone.close();
    const tab = await open("wasm", isolated);
    const answer = await predictionOf(tab);

    expect(await tab.evaluate(() => enginePage.isIsolated())).toBe(true);
    expect([aloneName.includes("threads"), (await engineOf(tab)).includes("(2 threads)")]).toEqual([
      false,
      true,
    ]);
    // A tensor in shared memory could not be handed over to the page.
    close(answer, expected);
  });

  test("is TensorFlow.js where the app ships that, and trains in a round with a device in Node", async () => {
    const node = await startDevice(server.httpUrl, join(directory, "node"), "node");
    const tab = await open("tfjs", built, "page");
    const before = await predictionOf(tab);
    await server.service.createTask(
      cloudsTask({ taskId: "layers-1", maxRounds: 2, round: { goalReports: 2, minAvailable: 2 } }) as never,
    );
    await eventually("both rounds", async () =>
      (await server.service.listRounds(taskOf("layers-1"))).filter(({ outcome }) => outcome !== "open")
        .length === 2
        ? true
        : undefined,
    );
    await node.close();

    const rounds = await server.service.listRounds(taskOf("layers-1"));
    expect(rounds.map(({ outcome, numCounted }) => [outcome, numCounted])).toEqual([
      ["committed", 2],
      ["committed", 2],
    ]);
    expect(await engineOf(tab)).toMatch(/^tfjs-(webgpu|webgl|wasm)@4\.22\.0$/);
    expect(before.length).toBe(6);
  });
});
