import type { RunningServer } from "@fedge/aggregator";
import { type InstallState } from "@fedge/protocol";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cloudExamples, cloudsTask, startDevice } from "../e2e/digits-task.js";
import { eventually } from "../e2e/waiting.js";
import type { BuiltPage } from "./built-page.js";
import { hasChromium } from "./chromium.js";
import { openCloudsPage, type CloudsPage } from "./clouds-page.js";

/** What a tab serves at once that comes after one that was killed in the state: the slot changes with "probation". */
const CASES: readonly (readonly [InstallState, number])[] = [
  ["verifying", 1],
  ["activating", 1],
  ["probation", 2],
];

describe.skipIf(!hasChromium)("a tab that is killed while its version changes (needs chromium)", () => {
  let clouds: CloudsPage;
  let directory = "";
  let server: RunningServer;
  let built: BuiltPage;
  let browser: Browser;
  beforeAll(async () => {
    clouds = await openCloudsPage("device-page");
    ({ directory, server, built, browser } = clouds);
  });
  afterAll(() => clouds.close());

  async function openTab(profile: BrowserContext): Promise<Page> {
    const tab = await profile.newPage();
    await tab.goto(built.url);
    await tab.evaluate((url) => page.start(url, ["clouds"]), server.httpUrl);
    return tab;
  }

  const servedBy = (tab: Page): Promise<number | null | undefined> =>
    tab.evaluate(() => page.status().versions["clouds"]);

  const answerOf = async (tab: Page): Promise<{ version: number; finite: boolean }> => {
    const { inputs } = await cloudExamples("held out", 1).examples(1);
    const { version, outputs } = await tab.evaluate((given) => page.predict("clouds", given), inputs);
    const values = Array.from(outputs["classes"]?.data ?? [], Number);
    return { version, finite: values.length > 0 && values.every(Number.isFinite) };
  };

  test("R28: is followed by one with a whole version, which ends at the new one", async () => {
    // A profile for each state: each is a device of its own.
    const held = await Promise.all(
      CASES.map(async ([state]) => {
        const profile = await browser.newContext();
        const tab = await openTab(profile);
        await eventually("version 1 to serve", async () => ((await servedBy(tab)) === 1 ? true : undefined));
        await tab.evaluate((at) => page.holdAt(at), state);
        const said = tab.waitForEvent("console", {
          predicate: (message) => message.text() === `held at ${state} 2`,
          timeout: 120_000,
        });
        return { profile, tab, said };
      }),
    );
    const others = await Promise.all(
      ["one", "two", "three"].map((name) => startDevice(server.httpUrl, join(directory, name), name)),
    );
    await server.service.createTask(cloudsTask({ maxRounds: 1 }) as never);
    for (const { said } of held) await said;
    await Promise.all(others.map((device) => device.close()));
    for (const { tab } of held) await tab.close();

    for (const [at, [, servedAtStart]] of CASES.entries()) {
      const tab = await openTab(held[at]?.profile as BrowserContext);
      // It may have gone on to version 2 before it is asked, and never back.
      const first = await answerOf(tab);
      expect(first.finite).toBe(true);
      expect(first.version).toBeGreaterThanOrEqual(servedAtStart);
      await eventually("version 2 to stay", async () => {
        const { installs } = await tab.evaluate(() => page.status());
        return installs["clouds"]?.state === "committed" && installs["clouds"].version === 2
          ? true
          : undefined;
      });
      expect(await answerOf(tab)).toEqual({ version: 2, finite: true });
      await tab.evaluate(() => page.close());
    }
  });
});
