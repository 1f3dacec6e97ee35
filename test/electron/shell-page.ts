import { PERSONAS, sentencesOf } from "@fedge/browser-demo/corpus";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { repositoryRoot } from "../architecture/source-files.js";
import { field } from "../browser/keyboard-pages.js";
import { eventually } from "../e2e/waiting.js";

/** A shell that runs, in Electron or on the double of what it uses of Electron. */
export interface ShellUnderTest {
  readonly page: Page;
  readonly serverUrl: string;
  /** Kills the process that has the device; resolves when another one is there. */
  killDevice(): Promise<void>;
}

const WITHIN_MS = 180_000;
const imageDirectory = process.env["FEDGE_IMAGES"] === undefined ? null : join(repositoryRoot, "docs/images");

/** What a shell's page does, wherever it runs. */
export function testShellPage(shell: () => ShellUnderTest): void {
  const text = (id: string): Promise<string> => shell().page.getByTestId(id).innerText();
  const rows = async (): Promise<number> => Number(/^\d+/.exec(await text("log-rows"))?.[0] ?? 0);
  const threeWords = (): Promise<string[]> =>
    eventually("three words", async () => {
      const shown = await shell().page.locator(".suggestion-word").allTextContents();
      const words = shown.filter((word) => word !== "");
      return words.length === 3 ? words : undefined;
    });
  const online = (): Promise<true> =>
    eventually("to be online", async () => ((await text("light")) === "Online" ? true : undefined));

  test("has the preload script's two calls, and nothing of Node's or Electron's", async () => {
    const found = await shell().page.evaluate(() => ({
      calls: Object.keys(globalThis.fedge ?? {}).sort(),
      others: ["require", "process", "module", "Buffer", "electron", "ipcRenderer"].filter(
        (name) => name in globalThis,
      ),
    }));

    expect(found).toEqual({ calls: ["connect", "trainNow"], others: [] });
  });

  test("shows what the device in the other process knows, and suggests by its model", async () => {
    await eventually("a version", async () => (/\d/.test(await text("version")) ? true : undefined));
    await online();
    await field(shell().page).fill("see you at the ");

    expect(new Set(await threeWords()).size).toBe(3);
  });

  test("learns what is typed, in the other process, when its person says so", async () => {
    const { page } = shell();
    await page.getByTestId("consent-training").click();
    const typed = PERSONAS.slice(2, 3).flatMap((teacher) => sentencesOf(teacher, "somebody", 15));
    for (const sentence of typed) {
      await field(page).fill(sentence);
      await field(page).press("Enter");
    }
    await eventually("rows in the log", async () => ((await rows()) >= 40 ? true : undefined));
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
    if (imageDirectory === null) return;
    await mkdir(imageDirectory, { recursive: true });
    await page.screenshot({ path: join(imageDirectory, "desktop.png") });
  });

  test("goes on when the other process is killed", async () => {
    const before = await rows();
    await shell().killDevice();
    await field(shell().page).fill("thanks ");

    await threeWords();
    await online();
    expect(await rows()).toBeGreaterThanOrEqual(before);
  });

  test("erases all of it, in the other process too", async () => {
    const { page } = shell();
    await field(page).fill("");
    await page.getByTestId("erase").click();
    await page.getByTestId("erase-confirm").click();

    // What it suggests for the next word is a prediction, too.
    await eventually("a log of its last moments", async () => ((await rows()) < 5 ? true : undefined));
  });

  test("cannot reach anything but its device", async () => {
    const { page, serverUrl } = shell();
    const reached = await page.evaluate(async (url) => {
      try {
        await fetch(url);
        return "reached";
      } catch {
        return "refused";
      }
    }, `${serverUrl}/healthz`);

    expect(reached).toBe("refused");
  });
}
