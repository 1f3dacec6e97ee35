import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasChromium, startChromium } from "../browser/chromium.js";
import { DemoProcess } from "../browser/demo-process.js";
import { field } from "../browser/keyboard-pages.js";
import { eventually } from "../e2e/waiting.js";
import { openRendererPage } from "./renderer-page.js";
import { runShell, type RunningShell } from "./running-shell.js";
import { testShellPage } from "./shell-page.js";

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
    // Somebody sits before it: it trains because its person asks for it.
    shell.electron.idleSeconds = 0;
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

  testShellPage(() => ({
    page,
    serverUrl: demo.url,
    killDevice: async () => {
      shell.processes.at(-1)?.killWith("SIGKILL");
      await eventually("the next process", async () => (shell.processes.length === 2 ? true : undefined));
    },
  }));

  test("has complained of nothing but what it was refused", () => {
    expect(complaints.filter((complaint) => !complaint.includes("/healthz"))).toEqual([]);
    expect(shell.errors).toEqual([]);
  });
});
