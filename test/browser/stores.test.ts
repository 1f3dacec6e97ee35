import type { BlobStore, ByteStore } from "@fedge/device-runtime";
import type { Sha256 } from "@fedge/protocol";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeBlobStore } from "../../device-runtime/src/testing/conformance/blob-store.conformance.js";
import { describeByteStore } from "../../device-runtime/src/testing/conformance/byte-store.conformance.js";
import { buildPage, type BuiltPage } from "./built-page.js";
import { hasChromium, startChromium } from "./chromium.js";

const NO_HASH = "" as Sha256;

describe.skipIf(!hasChromium)("stores of a page (needs chromium)", () => {
  let built: BuiltPage;
  let browser: Browser;
  let tab: Page;
  let numDatabases = 0;
  beforeAll(async () => {
    [built, browser] = await Promise.all([buildPage("device-page"), startChromium()]);
    tab = await browser.newPage();
    await tab.goto(built.url);
  });
  afterAll(async () => {
    await browser.close();
    await built.close();
  });

  const newName = (): string => `test-${(numDatabases += 1)}`;

  describeByteStore("IndexedDB in Chromium", () => {
    const name = newName();
    const ask = (
      operation: "get" | "put" | "delete" | "keys",
      key: string,
      value?: Uint8Array,
    ): Promise<unknown> =>
      tab.evaluate(([database, what, of, bytes]) => page.value(database, what, of, bytes), [
        name,
        operation,
        key,
        value,
      ] as const);
    const store: ByteStore = {
      get: (key) => ask("get", key) as Promise<Uint8Array | undefined>,
      put: (key, value) => ask("put", key, value) as Promise<void>,
      delete: (key) => ask("delete", key) as Promise<void>,
      keys: (prefix) => ask("keys", prefix) as Promise<string[]>,
      write: (changes) =>
        tab.evaluate(([database, all]) => page.write(database, all), [name, [...changes]] as const),
    };
    return Promise.resolve({ store, close: () => Promise.resolve() });
  });

  describeBlobStore("IndexedDB in Chromium", () => {
    const name = newName();
    const ask = (operation: "get" | "put" | "delete" | "has" | "list", sha256: Sha256, value?: Uint8Array) =>
      tab.evaluate(([database, what, of, bytes]) => page.blob(database, what, of, bytes), [
        name,
        operation,
        sha256,
        value,
      ] as const);
    const store: BlobStore = {
      get: (sha256) => ask("get", sha256) as Promise<Uint8Array | undefined>,
      put: (sha256, bytes) => ask("put", sha256, bytes) as Promise<void>,
      has: (sha256) => ask("has", sha256) as Promise<boolean>,
      delete: (sha256) => ask("delete", sha256) as Promise<void>,
      list: () => ask("list", NO_HASH) as Promise<Sha256[]>,
    };
    return Promise.resolve(store);
  });

  test("say so, and once, when the site's data are cleared under them", async () => {
    const uncaught: string[] = [];
    tab.on("pageerror", (error) => uncaught.push(error.message));
    const database = newName();
    const failed = tab.evaluate((name) => page.useUntilItFails(name), database);
    const session = await tab.context().newCDPSession(tab);
    await tab.evaluate((name) => page.value(name, "get", "a"), database);
    await session.send("Storage.clearDataForOrigin", { origin: built.url, storageTypes: "indexeddb" });

    expect(await failed).toEqual(["STORAGE_FAILED"]);
    // Whatever nobody caught has been told by the next task.
    await tab.evaluate(() => undefined);
    expect(uncaught).toEqual([]);
  });
});
