import { startServer, type RunningServer } from "@fedge/aggregator";
import { decodeWith, modelName } from "@fedge/protocol";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cloudsConverted } from "../e2e/layers-model.js";
import { freePort } from "../e2e/server-process.js";
import { eventually } from "../e2e/waiting.js";
import { buildPage, type BuiltPage } from "./built-page.js";
import { hasChromium, startChromium } from "./chromium.js";

const model = decodeWith(modelName, "clouds", { what: "model", code: "OPTION_INVALID" });

describe.skipIf(!hasChromium)("a page whose server is another one (needs chromium)", () => {
  let directory = "";
  let built: BuiltPage;
  let browser: Browser;
  let tab: Page;
  const servers: RunningServer[] = [];
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "fedge-other-server-"));
    built = await buildPage("device-page");
    browser = await startChromium();
    tab = await (await browser.newContext()).newPage();
    await tab.goto(built.url);
  });
  afterAll(async () => {
    await browser.close();
    await built.close();
    for (const server of servers) await server.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function serve(state: string, httpPort: number): Promise<RunningServer> {
    const server = await startServer({
      ...{ host: "127.0.0.1", httpPort, mqttPort: 0, logLevel: "silent" },
      stateDirectory: join(directory, state),
      allowedOrigins: [new URL(built.url).origin],
    });
    servers.push(server);
    const onnx = await cloudsConverted();
    await server.service.importModel({ model, onnx, training: { loss: "softmax-cross-entropy" } });
    return server;
  }

  const start = (url: string) => tab.evaluate((server) => page.start(server, ["clouds"]), url);
  const firstVersion = (): Promise<number> =>
    eventually(
      "a version to come",
      async () => (await tab.evaluate(() => page.status().versions["clouds"])) ?? undefined,
    );

  test("has a device for each address, is told when an address has other keys, and begins anew once forgotten", async () => {
    const port = await freePort();
    const first = await serve("first", port);
    await start(first.httpUrl);
    expect(await firstVersion()).toBe(1);
    await tab.evaluate(() => page.close());

    const elsewhere = await serve("elsewhere", await freePort());
    await start(elsewhere.httpUrl);
    expect(await firstVersion()).toBe(1);
    expect(await tab.evaluate(() => page.status().problems)).toEqual([]);
    await tab.evaluate(() => page.close());

    await first.close();
    await serve("wiped", port);
    await start(first.httpUrl);
    const said = await eventually("the page to say what is wrong", async () => {
      const problems = await tab.evaluate(() => page.status().problems);
      return problems.find(({ code }) => code.endsWith("_UNSIGNED") || code === "ROOT_UNKNOWN")?.message;
    });
    expect(said).toMatch(/other keys than before|root/i);

    await tab.evaluate(() => page.forget());
    await start(first.httpUrl);
    expect(await firstVersion()).toBe(1);
    expect(await tab.evaluate(() => page.status().problems)).toEqual([]);
  }, 400_000);
});
