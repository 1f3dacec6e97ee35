import { startServer, type RunningServer } from "@fedge/aggregator";
import { decodeWith, modelName } from "@fedge/protocol";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repositoryRoot } from "../architecture/source-files.js";
import { cloudExamples } from "../e2e/digits-task.js";
import { cloudsConverted } from "../e2e/layers-model.js";
import { eventually } from "../e2e/waiting.js";
import { buildPage, type BuiltPage } from "./built-page.js";
import { hasChromium, startChromium } from "./chromium.js";

const model = decodeWith(modelName, "clouds", { what: "model", code: "OPTION_INVALID" });

/** The policy of `docs/embed.md`, with the loopback for the example's server. */
async function documentedPolicy(): Promise<string> {
  const text = await readFile(join(repositoryRoot, "docs/embed.md"), "utf8");
  const policy = /^script-src .*$/m.exec(text)?.[0] ?? "";
  return policy.replace("https://fedge.example wss://fedge.example", "http://127.0.0.1:* ws://127.0.0.1:*");
}
const TRUSTED_TYPES = "require-trusted-types-for 'script'; trusted-types fedge";

describe.skipIf(!hasChromium)("a page under the content policy of the documents (needs chromium)", () => {
  let directory = "";
  let server: RunningServer;
  let browser: Browser;
  let profile: BrowserContext;
  let tab: Page;
  const pages = new Map<string, BuiltPage>();
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "fedge-policies-"));
    const policy = await documentedPolicy();
    const policies = {
      documented: policy,
      "with trusted types": `${policy}; ${TRUSTED_TYPES}`,
      "without WebAssembly": policy.replace(" 'wasm-unsafe-eval'", ""),
    };
    for (const [name, value] of Object.entries(policies))
      pages.set(name, await buildPage("device-page", { "Content-Security-Policy": value }));
    browser = await startChromium();
    server = await startServer({
      ...{ host: "127.0.0.1", httpPort: 0, mqttPort: 0, logLevel: "silent" },
      stateDirectory: join(directory, "server"),
      allowedOrigins: [...pages.values()].map(({ url }) => new URL(url).origin),
    });
    const onnx = await cloudsConverted();
    await server.service.importModel({ model, onnx, training: { loss: "softmax-cross-entropy" } });
  });
  afterAll(async () => {
    await browser.close();
    for (const page of pages.values()) await page.close();
    await server.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** Opens the page under that policy and starts its device. Returns the code of what it throws, or null. */
  async function open(policy: string): Promise<string | null> {
    profile = await browser.newContext();
    tab = await profile.newPage();
    await tab.addInitScript(() => {
      const violated: string[] = [];
      Object.assign(globalThis, { violated });
      addEventListener("securitypolicyviolation", (event) => violated.push(event.violatedDirective));
    });
    await tab.goto(pages.get(policy)?.url ?? "");
    return tab.evaluate(
      (url) =>
        page.start(url, ["clouds"]).then(
          () => null,
          (error: { code?: string }) => error.code ?? "",
        ),
      server.httpUrl,
    );
  }

  test.each(["documented", "with trusted types"])("serves from its worker (%s)", async (policy) => {
    expect(await open(policy)).toBeNull();
    await eventually("a version to come", async () =>
      (await tab.evaluate(() => page.status().versions["clouds"])) === 1 ? true : undefined,
    );
    const { inputs } = await cloudExamples("held out", 2).examples(2);
    const { version } = await tab.evaluate((given) => page.predict("clouds", given), inputs);

    expect(version).toBe(1);
    expect(await tab.evaluate(() => page.status().problems)).toEqual([]);
    expect(await tab.evaluate(() => (globalThis as { violated?: string[] }).violated)).toEqual([]);
    await profile.close();
  });

  test("throws ENGINE_UNAVAILABLE where the policy forbids WebAssembly", async () => {
    expect(await open("without WebAssembly")).toBe("ENGINE_UNAVAILABLE");
    await profile.close();
  });
});
