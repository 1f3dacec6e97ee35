import { PERSONAS, sentencesOf } from "@fedge/browser-demo/corpus";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repositoryRoot } from "../architecture/source-files.js";
import { hasChromium, startChromium } from "../browser/chromium.js";
import { DemoProcess } from "../browser/demo-process.js";
import { field } from "../browser/keyboard-pages.js";
import { eventually } from "../e2e/waiting.js";
import { openRendererPage } from "./renderer-page.js";
import { runShell, type RunningShell } from "./running-shell.js";

const WITHIN_MS = 180_000;
const imageDirectory = process.env["FEDGE_IMAGES"] === undefined ? null : join(repositoryRoot, "docs/images");

describe.skipIf(!hasChromium)("the shell's page in a real browser (needs chromium)", () => {
  let directory = "";
  let demo: DemoProcess;
  let browser: Browser;
  let shell: RunningShell;
  let page: Page;
  const complaints: string[] = [];
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "fedge-renderer-"));
    [demo, browser] = await Promise.all([DemoProcess.start(3), startChromium()]);
    const featureLog = { maxOutputBytes: 0 };
    shell = await runShell({ server: demo.url, model: "next-word", featureLog }, directory);
    page = await openRendererPage(browser, shell.electron);
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => void (message.type() === "error" && complaints.push(message.text())));
    await field(page).waitFor();
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    await shell.quit();
    await demo.close();
    await rm(directory, { recursive: true, force: true });
  });

  const text = (id: string): Promise<string> => page.getByTestId(id).innerText();
  const suggestions = (): Promise<string[]> => page.locator(".suggestion-word").allTextContents();

  test("has the preload script's two calls, and nothing of Node's or Electron's", async () => {
    const found = await page.evaluate(() => ({
      calls: Object.keys(globalThis.fedge ?? {}).sort(),
      others: ["require", "process", "module", "Buffer", "electron", "ipcRenderer"].filter(
        (name) => name in globalThis,
      ),
    }));

    expect(found).toEqual({ calls: ["connect", "trainNow"], others: [] });
  });

  test("shows what the device in the other process knows, and suggests by its model", async () => {
    await eventually("a version", async () => (/\d/.test(await text("version")) ? true : undefined));
    await eventually("to be online", async () => ((await text("light")) === "Online" ? true : undefined));
    await field(page).fill("see you at the ");

    const shown = await eventually("three words", async () => {
      const words = (await suggestions()).filter((word) => word !== "");
      return words.length === 3 ? words : undefined;
    });
    expect(new Set(shown).size).toBe(3);
  });

  test("learns what is typed, in the other process, when its person says so", async () => {
    shell.electron.idleSeconds = 0;
    await page.getByTestId("consent-training").click();
    const typed = PERSONAS.slice(2, 3).flatMap((teacher) => sentencesOf(teacher, "somebody", 15));
    for (const sentence of typed) {
      await field(page).fill(sentence);
      await field(page).press("Enter");
    }
    await eventually("rows in the log", async () =>
      Number(/^\d+/.exec(await text("log-rows"))?.[0] ?? 0) >= 40 ? true : undefined,
    );
    await page.getByTestId("train").click();

    await eventually(
      "a local training",
      async () => (/\d+ examples, loss/.test(await text("last-training")) ? true : undefined),
      WITHIN_MS,
    );
    await eventually(
      "an update to be sent",
      async () => (/^[1-9]/.test(await text("sent-total")) ? true : undefined),
      WITHIN_MS,
    );
    if (imageDirectory !== null) {
      await mkdir(imageDirectory, { recursive: true });
      await page.screenshot({ path: join(imageDirectory, "desktop.png") });
    }
  });

  test("goes on when the other process is killed", async () => {
    const rows = await text("log-rows");
    shell.processes.at(-1)?.killWith("SIGKILL");
    await field(page).fill("thanks ");

    await eventually("the next process", async () => (shell.processes.length === 2 ? true : undefined));
    await eventually("to be online again", async () =>
      (await text("light")) === "Online" ? true : undefined,
    );
    await eventually("three words", async () =>
      (await suggestions()).filter((word) => word !== "").length === 3 ? true : undefined,
    );
    expect(Number(/^\d+/.exec(await text("log-rows"))?.[0])).toBeGreaterThanOrEqual(
      Number(/^\d+/.exec(rows)?.[0]),
    );
  });

  test("erases all of it, in the other process too", async () => {
    await field(page).fill("");
    await page.getByTestId("erase").click();
    await page.getByTestId("erase-confirm").click();

    // What it suggests for the next word is a prediction, too.
    await eventually("a log of its last moments", async () =>
      Number(/^\d+/.exec(await text("log-rows"))?.[0] ?? Infinity) < 5 ? true : undefined,
    );
  });

  test("cannot reach anything but its device", async () => {
    const reached = await page.evaluate(async (url) => {
      try {
        await fetch(url);
        return "reached";
      } catch {
        return "refused";
      }
    }, `${demo.url}/healthz`);

    expect(reached).toBe("refused");
  });

  test("has complained of nothing but what it was refused", () => {
    expect(complaints.filter((complaint) => !complaint.includes("/healthz"))).toEqual([]);
    expect(shell.errors).toEqual([]);
  });
});
