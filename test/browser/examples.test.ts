import { startServer, type RunningServer } from "@fedge/aggregator";
import { gru } from "@fedge/onnx-autodiff/zoo";
import { decodeWith, modelName } from "@fedge/protocol";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { build, preview, type PreviewServer } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repositoryRoot } from "../architecture/source-files.js";
import { eventually } from "../e2e/waiting.js";
import { hasChromium, startChromium } from "./chromium.js";

const model = decodeWith(modelName, "next-word", { what: "model", code: "OPTION_INVALID" });
const RUNTIME = join(repositoryRoot, "device-runtime");

/** As the document on embedding says. */
const WEBGPU_PAGE = `<!doctype html><title>WebGPU</title><link rel="icon" href="data:," /><p id="status"></p>
<script type="module">
  import { createDevice } from "./fedge/fedge.js";
  const newWorker = () => new Worker("./fedge-webgpu/engine-worker-webgpu.js", { type: "module" });
  const server = new URLSearchParams(location.search).get("server");
  const device = await createDevice({ server, model: "next-word", newWorker });
  const said = async () => {
    const { outputs, version } = await device.model("next-word").predict({ tokens: Array(10).fill(3) });
    const { engine } = device.status();
    document.querySelector("#status").textContent = "version " + version + ", " + outputs.logits.data.length + ", " + engine;
  };
  device.model("next-word").version === null ? device.on("version", said) : said();
</script>`;

describe.skipIf(!hasChromium)("an example (needs chromium)", () => {
  let directory = "";
  let browser: Browser;
  let server: RunningServer;
  let plain: PreviewServer;
  let app: PreviewServer;
  const complaints: string[] = [];

  const serve = (outDir: string): Promise<PreviewServer> =>
    preview({
      ...{ root: directory, configFile: false, logLevel: "error", build: { outDir } },
      preview: { host: "127.0.0.1", port: 0, open: false },
    });
  const addressOf = (files: PreviewServer): string => files.resolvedUrls?.local[0] ?? "";

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "fedge-examples-"));
    browser = await startChromium();
    await cp(join(RUNTIME, "examples/plain-page"), join(directory, "plain"), { recursive: true });
    // As its README says.
    const bundle = join(RUNTIME, "vite.bundle.config.ts");
    for (const mode of ["production", "webgpu"])
      await build({ root: RUNTIME, configFile: bundle, logLevel: "error", mode });
    await cp(join(RUNTIME, "dist/bundle"), join(directory, "plain/fedge"), { recursive: true });
    await cp(join(RUNTIME, "dist/bundle-webgpu"), join(directory, "plain/fedge-webgpu"), { recursive: true });
    await writeFile(join(directory, "plain/webgpu.html"), WEBGPU_PAGE);
    const root = join(RUNTIME, "examples/vite-app");
    const outDir = join(directory, "app");
    await build({ root, configFile: false, logLevel: "error", build: { outDir, target: "esnext" } });
    [plain, app] = await Promise.all([serve(join(directory, "plain")), serve(outDir)]);
    server = await startServer({
      ...{ host: "127.0.0.1", httpPort: 0, mqttPort: 0, logLevel: "silent" },
      stateDirectory: join(directory, "server"),
      allowedOrigins: [plain, app].map((files) => new URL(addressOf(files)).origin),
    });
    const onnx = new Uint8Array(gru({ vocabulary: 820, seed: 1 }));
    await server.service.importModel({ model, onnx, training: { loss: "softmax-cross-entropy" } });
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    await Promise.all([plain.close(), app.close(), server.close()]);
    await rm(directory, { recursive: true, force: true });
  });

  async function open(files: PreviewServer, path = ""): Promise<Page> {
    const page = await browser.newPage();
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(`${addressOf(files)}${path}?server=${encodeURIComponent(server.httpUrl)}`);
    await eventually("a version", async () =>
      (await page.locator("#status").innerText()).includes("version 1") ? true : undefined,
    );
    return page;
  }

  test("of a page without a bundler answers from the prebuilt files, and says what is wrong", async () => {
    const page = await open(plain);
    await page.getByRole("button", { name: "Ask" }).click();
    await eventually("an answer", async () =>
      /^version 1: word \d+$/.test(await page.locator("output").innerText()) ? true : undefined,
    );
    await page.getByLabel("Words").fill("999");
    await page.getByRole("button", { name: "Ask" }).click();

    await eventually("a refusal", async () =>
      (await page.locator("output").innerText()).startsWith("ENGINE_FAILED") ? true : undefined,
    );
    await page.close();
  });

  test("of a page without a bundler that ships the other worker measures WebGPU", async () => {
    const page = await open(plain, "webgpu.html");

    expect(await page.locator("#status").innerText()).toMatch(
      /^version 1, 820, onnxruntime-web@[\d.]+ \((webgpu|wasm)\)$/,
    );
    await page.close();
  });

  test("of a Vite app answers, remembers, and learns when it may", async () => {
    const page = await open(app);
    await page.getByLabel(/Let this page learn/).check();
    await page.getByRole("button", { name: /What follows/ }).click();
    await page.getByRole("button", { name: "That is right" }).click();

    await eventually("the prediction to be remembered", async () =>
      (await page.locator("#status").innerText()).includes("1 predictions remembered") ? true : undefined,
    );
    expect(await page.locator("output").innerText()).toMatch(/^word \d+$/);
    await page.close();
  });

  test("complains of nothing", () => {
    expect(complaints).toEqual([]);
  });
});
