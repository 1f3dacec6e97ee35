import { startServer, type RunningServer } from "@fedge/aggregator";
import { decodeWith, modelName } from "@fedge/protocol";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cloudExamples } from "../e2e/digits-task.js";
import { cloudsConverted } from "../e2e/layers-model.js";
import { eventually } from "../e2e/waiting.js";
import { buildPage, type BuiltPage } from "./built-page.js";
import { hasChromium, startChromium, startChromiumWithoutSiteData } from "./chromium.js";

const model = decodeWith(modelName, "clouds", { what: "model", code: "OPTION_INVALID" });

describe.skipIf(!hasChromium)("a page that may not do everything (needs chromium)", () => {
  let directory = "";
  let server: RunningServer;
  let built: BuiltPage;
  /** The same page under a policy that forbids workers. */
  let strict: BuiltPage;
  let browser: Browser;
  let profile: BrowserContext;
  let tab: Page;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "fedge-fallbacks-"));
    const policy = "script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'";
    built = await buildPage("device-page");
    strict = await buildPage("device-page", { "Content-Security-Policy": policy });
    browser = await startChromium();
    server = await startServer({
      ...{ host: "127.0.0.1", httpPort: 0, mqttPort: 0, logLevel: "silent" },
      stateDirectory: join(directory, "server"),
      allowedOrigins: [built, strict].map(({ url }) => new URL(url).origin),
    });
    const onnx = await cloudsConverted();
    await server.service.importModel({ model, onnx, training: { loss: "softmax-cross-entropy" } });
  });
  afterAll(async () => {
    await browser.close();
    await built.close();
    await strict.close();
    await server.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** Opens the page with something taken away before its scripts run, and starts its device. */
  async function open(taken: () => void, from = built): Promise<void> {
    profile = await browser.newContext();
    tab = await profile.newPage();
    await tab.addInitScript(taken);
    await tab.goto(from.url);
    await tab.evaluate((url) => page.start(url, ["clouds"]), server.httpUrl);
  }

  async function predictedVersion(): Promise<number> {
    await eventually("a version to come", async () =>
      (await tab.evaluate(() => page.status().versions["clouds"])) === 1 ? true : undefined,
    );
    const { inputs } = await cloudExamples("held out", 2).examples(2);
    return (await tab.evaluate((given) => page.predict("clouds", given), inputs)).version;
  }

  const problems = (): Promise<string[]> =>
    tab.evaluate(() => page.status().problems.map(({ code }) => code as string));

  test("serves from memory where there is no IndexedDB, says so, does not train, and is forgotten at its end", async () => {
    await open(() => Object.defineProperty(globalThis, "indexedDB", { value: undefined }));

    expect(await predictedVersion()).toBe(1);
    expect(await problems()).toEqual(["STORAGE_FAILED"]);
    expect(await tab.evaluate(() => page.status().waitingFor)).toContain("nothing can be kept here");
    const before = (await server.service.listDevices()).length;
    await tab.evaluate(() => page.close());
    await eventually("the server to have forgotten it", async () =>
      (await server.service.listDevices()).length === before - 1 ? true : undefined,
    );
    await profile.close();
  });

  test("serves from memory where opening the database is forbidden", async () => {
    await open(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException("The operation is insecure.", "SecurityError");
      };
    });

    expect([await predictedVersion(), await problems()]).toEqual([1, ["STORAGE_FAILED"]]);
    await profile.close();
  });

  test("serves from memory where the database never opens", async () => {
    await open(() => {
      IDBFactory.prototype.open = () => new EventTarget() as IDBOpenDBRequest;
    });

    expect([await predictedVersion(), await problems()]).toEqual([1, ["STORAGE_FAILED"]]);
    await profile.close();
  });

  test("serves from memory in a browser whose settings block site data, in two tabs that are alone", async () => {
    profile = await startChromiumWithoutSiteData(join(directory, "blocked"));
    const roles: string[] = [];
    for (let count = 0; count < 2; count += 1) {
      tab = await profile.newPage();
      await tab.goto(built.url);
      await tab.evaluate((url) => page.start(url, ["clouds"]), server.httpUrl);
      roles.push(await tab.evaluate(() => page.role()));

      expect([await predictedVersion(), await problems()]).toEqual([1, ["STORAGE_FAILED"]]);
    }
    expect(roles).toEqual(["leader", "leader"]);
    await profile.close();
  });

  /** The site may keep so much and no more. */
  async function allowBytes(quotaSize: number): Promise<void> {
    const session = await profile.newCDPSession(tab);
    await session.send("Storage.overrideQuotaForOrigin", { origin: new URL(built.url).origin, quotaSize });
  }

  test("serves from memory where there is no room from the beginning, and says so", async () => {
    profile = await browser.newContext();
    tab = await profile.newPage();
    await tab.goto(built.url);
    await allowBytes(1);
    await tab.evaluate((url) => page.start(url, ["clouds"]), server.httpUrl);

    expect([await predictedVersion(), await problems()]).toEqual([1, ["STORAGE_FULL"]]);
    await profile.close();
  });

  /** Opens the page where there is room for a version and a little more. */
  async function openInSmallRoom(): Promise<void> {
    profile = await browser.newContext();
    tab = await profile.newPage();
    await tab.goto(built.url);
    // Chromium looks at this when the site first keeps something.
    await allowBytes(1_000_000);
    await tab.evaluate((url) => page.start(url, ["clouds"]), server.httpUrl);
    await predictedVersion();
  }

  test("is online and serves what it has where the room has run out since", async () => {
    await openInSmallRoom();
    await tab.evaluate(() => page.close());
    await tab.evaluate(() => page.fillUp());
    await tab.reload();
    await tab.evaluate((url) => page.start(url, ["clouds"]), server.httpUrl);
    await eventually("the page to be online", async () =>
      (await tab.evaluate(() => page.status().isOnline)) ? true : undefined,
    );

    expect(await predictedVersion()).toBe(1);
    await eventually("the page to say that there is no room", async () =>
      (await problems()).includes("STORAGE_FULL") ? true : undefined,
    );
    await profile.close();
  });

  test("serves from memory where the database takes no keys", async () => {
    await open(() => {
      const { put } = IDBObjectStore.prototype;
      IDBObjectStore.prototype.put = function (...given) {
        if (this.name === "keys") throw new DOMException("A key could not be cloned.", "DataCloneError");
        return put.apply(this, given);
      };
    });

    expect([await predictedVersion(), await problems()]).toEqual([1, ["STORAGE_FAILED"]]);
    await profile.close();
  });

  test("is erased and forgotten by the server where nothing can be written any more", async () => {
    await openInSmallRoom();
    const { deviceId } = await tab.evaluate(() => page.status());
    await tab.evaluate(() => page.fillUp());
    const isServerTold = await tab.evaluate(async () => (await page.forget()).isServerTold);
    const left = await tab.evaluate(() => page.numKept());

    expect([isServerTold, left]).toEqual([true, 0]);
    expect((await server.service.listDevices()).map((device) => device.deviceId)).not.toContain(deviceId);
    await profile.close();
  });

  test("says what is wrong in a page that is not secure", async () => {
    profile = await browser.newContext();
    tab = await profile.newPage();
    // The same machine by an address that no browser takes for it.
    await tab.goto(built.url.replace("127.0.0.1", "0.0.0.0"));
    const refused = await tab.evaluate(
      (url) => page.start(url, ["clouds"]).catch((error: { code?: string }) => error.code),
      server.httpUrl,
    );

    expect([await tab.evaluate(() => isSecureContext), refused]).toEqual([false, "ENGINE_UNAVAILABLE"]);
    await profile.close();
  });

  test("computes in the page where the policy forbids workers, and says so", async () => {
    await open(() => undefined, strict);

    expect([await predictedVersion(), await problems()]).toEqual([1, ["ENGINE_UNAVAILABLE"]]);
    await profile.close();
  });

  test("says that there is no room for a version, and takes it when there is", async () => {
    await open(() => {
      const { put } = IDBObjectStore.prototype;
      Object.assign(globalThis, { isFull: true });
      IDBObjectStore.prototype.put = function (...given) {
        if (this.name === "blobs" && (globalThis as { isFull?: boolean }).isFull === true)
          throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
        return put.apply(this, given);
      };
    });
    await eventually("the page to say so", async () =>
      (await problems()).includes("STORAGE_FULL") ? true : undefined,
    );
    await tab.evaluate(() => void Object.assign(globalThis, { isFull: false }));

    expect([await predictedVersion(), await problems()]).toEqual([1, []]);
    await profile.close();
  });

  test("takes up a version whose engine could not be fetched once it can be", async () => {
    profile = await browser.newContext();
    let isThere = false;
    await profile.route(/\.wasm$/, (route) => (isThere ? route.fallback() : route.abort()));
    tab = await profile.newPage();
    await tab.goto(built.url);
    await tab.evaluate((url) => page.start(url, ["clouds"]), server.httpUrl);

    await eventually("the engine to be missed", async () =>
      (await tab.evaluate(() => page.errors())).includes("ENGINE_UNAVAILABLE") ? true : undefined,
    );
    isThere = true;

    expect(await predictedVersion()).toBe(1);
    await profile.close();
  });
});
