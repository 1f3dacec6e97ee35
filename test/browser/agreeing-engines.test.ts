import { startServer, type RunningServer } from "@fedge/aggregator";
import type { ProgramForm, TrainingRequest } from "@fedge/device-runtime";
import { NODE_ENGINES, loadEngine } from "@fedge/device-runtime/node";
import { decodeSafetensors, decodeWith, modelName } from "@fedge/protocol";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { distanceOf } from "../../device-runtime/src/engines/tfjs/testing/agreement-cases.js";
import { cloudExamples } from "../e2e/digits-task.js";
import { cloudsConverted } from "../e2e/layers-model.js";
import { buildPage, type BuiltPage } from "./built-page.js";
import { hasChromium, startChromium } from "./chromium.js";

const never = { aborted: false, addEventListener: () => undefined, removeEventListener: () => undefined };
const model = decodeWith(modelName, "clouds", { what: "model", code: "OPTION_INVALID" });

describe.skipIf(!hasChromium)("engines in Node and in a browser (needs chromium)", () => {
  let directory = "";
  let server: RunningServer;
  let page: BuiltPage;
  let browser: Browser;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "fedge-agreeing-"));
    const place = { host: "127.0.0.1", httpPort: 0, mqttPort: 0, stateDirectory: directory } as const;
    [server, page, browser] = await Promise.all([
      startServer({ ...place, logLevel: "silent" }),
      buildPage("page"),
      startChromium(),
    ]);
    const onnx = await cloudsConverted();
    await server.service.importModel({ model, onnx, training: { loss: "softmax-cross-entropy" } });
  });
  afterAll(async () => {
    await browser.close();
    await page.close();
    await server.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** Two passes over the same examples in the same order, from the imported version. */
  async function requestFor(form: ProgramForm): Promise<TrainingRequest> {
    const { service } = server;
    const { manifest } = await service.getVersion(model, 1);
    const program = form === "onnx" ? manifest.graphs.train : manifest.graphs.layers;
    if (program === undefined) throw new Error(`the version has no program of the form ${form}`);
    return {
      manifest,
      programSha256: program.sha256,
      program: await service.readBlob(program),
      tensors: decodeSafetensors(await service.readBlob(manifest.checkpoint)).tensors,
      plan: { epochs: 2, batchSize: 8, learningRate: 0.1, proximalMu: 0, maxExamples: 1000, seed: "plan" },
      seed: "same for all",
      examples: await cloudExamples("same for all").examples(1000),
    };
  }

  async function trainInNode(engine: (typeof NODE_ENGINES)[number]): Promise<Float32Array> {
    const trainer = (await loadEngine(engine)).createTrainer();
    const { delta } = await trainer.train(await requestFor(trainer.form), never);
    await trainer.close();
    return delta;
  }

  async function trainInBrowser(engine: "onnx" | "webgpu" | "webgl" | "wasm" | "cpu"): Promise<Float32Array> {
    const request = await requestFor(engine === "onnx" ? "onnx" : "layers");
    const tab = await browser.newPage();
    await tab.goto(page.url);
    const { delta } = await tab.evaluate(([kind, job]) => engines.train(kind, job), [
      engine,
      request,
    ] as const);
    await tab.close();
    return delta;
  }

  test("one version, the same examples and the same seed give every engine the same update", async () => {
    const deltas: [string, Float32Array][] = [];
    for (const engine of NODE_ENGINES) deltas.push([`${engine} in Node`, await trainInNode(engine)]);
    for (const engine of ["onnx", "webgpu", "webgl", "wasm", "cpu"] as const) {
      deltas.push([`${engine} in a browser`, await trainInBrowser(engine)]);
    }

    const reference = deltas[0]?.[1] ?? new Float32Array();
    const distances = deltas.map(([engine, delta]) => ({ engine, ...distanceOf(reference, delta) }));

    expect(distances[0]?.largest).toBeGreaterThan(0.01);
    for (const { engine, largest, apart } of distances)
      expect([engine, apart <= 1e-4 * largest]).toEqual([engine, true]);
  });
});
