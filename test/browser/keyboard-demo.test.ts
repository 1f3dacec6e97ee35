import { PERSONAS, sentencesOf } from "@fedge/browser-demo/corpus";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repositoryRoot } from "../architecture/source-files.js";
import { eventually } from "../e2e/waiting.js";
import { hasChromium, startChromium } from "./chromium.js";
import { DemoProcess } from "./demo-process.js";
import { field } from "./keyboard-pages.js";

const NUM_DEVICES = 6;
const WITHIN_MS = 180_000;
/** First words of the places that the corpus' people meet at. */
const PLACES: ReadonlySet<string> = new Set(
  "station library park market bridge museum harbour cinema bakery town".split(" "),
);

/** Screenshots go to the README's folder when asked for: they differ by a pixel on every machine. */
const imageDirectory = process.env["FEDGE_IMAGES"] === undefined ? null : join(repositoryRoot, "docs/images");

interface DeviceRecord {
  readonly deviceId: string;
  readonly platform: string;
}

describe.skipIf(!hasChromium)("the keyboard of `fedge start` (needs chromium)", () => {
  let demo: DemoProcess;
  let browser: Browser;
  /** One person's browser: what a tab keeps is there for the next. */
  let profile: BrowserContext;
  let tab: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    [demo, browser] = await Promise.all([DemoProcess.start(NUM_DEVICES), startChromium()]);
    profile = await browser.newContext({ viewport: { width: 1280, height: 860 } });
    tab = await openTab();
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    await demo.close();
  });

  async function openTab(): Promise<Page> {
    const page = await profile.newPage();
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      const isOwn = message.type() === "error" && !message.text().includes("net::ERR");
      if (isOwn) complaints.push(message.text());
    });
    await page.goto(demo.keyboardUrl);
    await field(page).waitFor();
    return page;
  }

  const text = (page: Page, id: string): Promise<string> => page.getByTestId(id).innerText();
  const suggestions = (page: Page): Promise<string[]> => page.locator(".suggestion-word").allTextContents();
  const versionOf = async (page: Page): Promise<number> =>
    Number(/\d+/.exec(await text(page, "version"))?.[0] ?? 0);
  const rowsOf = async (page: Page): Promise<number> =>
    Number(/^[\d,]+/.exec(await text(page, "log-rows"))?.[0]?.replace(",", "") ?? 0);
  const photograph = async (name: string, page = tab): Promise<void> => {
    if (imageDirectory === null) return;
    await mkdir(imageDirectory, { recursive: true });
    await page.screenshot({ path: join(imageDirectory, `${name}.png`) });
  };
  const devices = async (): Promise<readonly DeviceRecord[]> =>
    (await demo.get<{ devices: DeviceRecord[] }>("/v1/devices")).devices;
  const pages = async (): Promise<string[]> =>
    (await devices())
      .filter(({ platform }) => platform.startsWith("browser"))
      .map(({ deviceId }) => deviceId);
  const online = (page: Page): Promise<true> =>
    eventually("the page to be online", async () =>
      (await text(page, "light")) === "Online" ? true : undefined,
    );

  test("suggests words from the first version that comes", async () => {
    await eventually("a version to come", async () => ((await versionOf(tab)) > 0 ? true : undefined));

    await eventually("three words", async () =>
      (await suggestions(tab)).every((word) => word !== "") ? true : undefined,
    );
  });

  test("learns from thirty sentences, sends an update, and suggests what the fleet types", async () => {
    await field(tab).fill("see you at the ");
    const before = await suggestions(tab);
    await photograph("keyboard-before");
    await field(tab).fill("");
    await tab.getByTestId("consent-training").click();
    const typed = PERSONAS.slice(2, 3).flatMap((teacher) => sentencesOf(teacher, "somebody", 200));
    const isOwn = (sentence: string): boolean =>
      !sentence.includes("see you") && !sentence.split(" ").some((word) => PLACES.has(word));
    const own = typed.filter(isOwn).slice(0, 30);
    expect(own).toHaveLength(30);
    for (const sentence of own) {
      await field(tab).fill(sentence);
      await field(tab).press("Enter");
    }
    await eventually("the words to be in the log", async () =>
      (await rowsOf(tab)) >= 120 ? true : undefined,
    );
    const version = await versionOf(tab);

    await tab.getByTestId("train").click();
    await eventually(
      "a local training",
      async () => (/\d+ examples, loss/.test(await text(tab, "last-training")) ? true : undefined),
      WITHIN_MS,
    );
    await eventually("bytes to be sent", async () =>
      (await text(tab, "sent-total")) === "0 B" ? undefined : true,
    );
    await eventually(
      "a newer version",
      async () => ((await versionOf(tab)) > version ? true : undefined),
      WITHIN_MS,
    );
    await field(tab).fill("see you at the ");
    // The fleet says "see you … at the {place}"; nothing of that was typed here.
    await eventually(
      "the fleet's places",
      async () => ((await suggestions(tab)).some((word) => PLACES.has(word)) ? true : undefined),
      WITHIN_MS,
    );
    await photograph("keyboard-after");

    expect(before.some((word) => PLACES.has(word))).toBe(false);
    const { tasks } = await demo.get<{ tasks: { config: { taskId: string } }[] }>("/v1/tasks");
    const { rounds } = await demo.get<{ rounds: { roundId: string; numCounted: number }[] }>(
      `/v1/tasks/${tasks[0]?.config.taskId}/rounds`,
    );
    expect(rounds.some(({ numCounted }) => numCounted > 0)).toBe(true);
    await field(tab).fill("");
  });

  test("is the same device with the same log after a reload", async () => {
    const [id, rows] = [await pages(), await rowsOf(tab)];
    await tab.reload();
    await online(tab);

    expect(await pages()).toEqual(id);
    expect(await rowsOf(tab)).toBeGreaterThanOrEqual(rows);
    expect(await tab.getByTestId("consent-training").isChecked()).toBe(true);
  });

  test("loses nothing when its tab is killed in the middle of a training", async () => {
    const rows = await rowsOf(tab);
    await eventually(
      "a training to begin",
      async () => ((await text(tab, "phase")).startsWith("Training now") ? true : undefined),
      WITHIN_MS,
    );
    const crashed = tab.waitForEvent("crash");
    // Never answers: its process is gone, as if the system had killed it.
    void tab.goto("chrome://crash").catch(() => undefined);
    await crashed;
    await tab.close();
    tab = await openTab();
    await online(tab);

    expect(await rowsOf(tab)).toBeGreaterThanOrEqual(rows);
    expect(await pages()).toHaveLength(1);
  });

  test("goes on in another tab when the one that leads is closed", async () => {
    const second = await openTab();
    await eventually("the second tab to serve through the first", async () =>
      (await text(second, "connection")).includes("another open page") ? true : undefined,
    );
    await tab.close();
    tab = second;
    await eventually("the second tab to lead", async () =>
      (await text(second, "connection")).includes("speaks for all") ? true : undefined,
    );
    await field(second).fill("good ");

    await eventually("suggestions in the second tab", async () =>
      (await suggestions(second)).every((word) => word !== "") ? true : undefined,
    );
    await field(second).fill("");
  });

  test("suggests and remembers while it is offline, and comes back", async () => {
    const [rows, numComplaints] = [await rowsOf(tab), complaints.length];
    await profile.setOffline(true);
    await eventually("the page to say so", async () =>
      (await text(tab, "light")) === "Offline" ? true : undefined,
    );
    await field(tab).fill("how are you today");
    await field(tab).press("Enter");
    await eventually("the words typed offline to be in the log", async () =>
      (await rowsOf(tab)) > rows ? true : undefined,
    );
    await profile.setOffline(false);

    await online(tab);
    // Whatever was fetched meanwhile failed, and is fetched again.
    complaints.splice(numComplaints);
  });

  test("is forgotten by the server when everything is erased, and begins anew", async () => {
    const [before] = await pages();
    await tab.getByTestId("erase").click();
    await tab.getByTestId("erase-confirm").click();
    await eventually("another device", async () => {
      const now = await pages();
      return now.length === 1 && now[0] !== before ? true : undefined;
    });

    expect(await tab.getByTestId("consent-training").isChecked()).toBe(false);
    expect(await rowsOf(tab)).toBeLessThan(5);
    expect(await text(tab, "problem")).toBe("All is well.");
  });

  test("erases everything, the messages too, from a tab that does not lead", async () => {
    const second = await openTab();
    await eventually("the second tab to serve through the first", async () =>
      (await text(second, "connection")).includes("another open page") ? true : undefined,
    );
    const [before] = await pages();
    await field(second).fill("how are you today");
    await field(second).press("Enter");
    await second.getByTestId("erase").click();
    await second.getByTestId("erase-confirm").click();
    await eventually("another device", async () => {
      const now = await pages();
      return now.length === 1 && now[0] !== before ? true : undefined;
    });
    await eventually("an empty conversation", async () =>
      (await second.getByText("how are you today").count()) === 0 ? true : undefined,
    );

    // The device that begins anew has no version for a moment, and the page says so until it has.
    await eventually("all to be well", async () => {
      const problem = await text(second, "problem");
      if (problem === "All is well.") return true;
      throw new Error(problem);
    });
    expect(await rowsOf(second)).toBeLessThan(10);
    await second.close();
  });

  test("begins anew, too, when the browser clears the site's data", async () => {
    const session = await profile.newCDPSession(tab);
    await session.send("Storage.clearDataForOrigin", { origin: demo.url, storageTypes: "all" });
    await tab.reload();
    await online(tab);

    await eventually("a version to come", async () => ((await versionOf(tab)) > 0 ? true : undefined));
    expect(await rowsOf(tab)).toBeLessThan(5);
  });

  test("has complained of nothing", () => {
    expect(complaints).toEqual([]);
  });
});
