import type { RunningServer } from "@fedge/aggregator";
import { decodeWith, taskId } from "@fedge/protocol";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cloudExamples, cloudsTask, startDevice } from "../e2e/digits-task.js";
import { eventually } from "../e2e/waiting.js";
import type { BuiltPage } from "./built-page.js";
import { hasChromium } from "./chromium.js";
import { openCloudsPage, type CloudsPage } from "./clouds-page.js";

const task = decodeWith(taskId, "clouds-1", { what: "task", code: "OPTION_INVALID" });

describe.skipIf(!hasChromium)("a device in a page (needs chromium)", () => {
  let clouds: CloudsPage;
  let directory = "";
  let server: RunningServer;
  let built: BuiltPage;
  let browser: Browser;
  /** One profile: what a tab keeps is there for the next one. */
  let profile: BrowserContext;
  beforeAll(async () => {
    clouds = await openCloudsPage("device-page");
    ({ directory, server, built, browser } = clouds);
    profile = await browser.newContext();
  });
  afterAll(() => clouds.close());

  async function openTab(seed: string | null, numExamples?: number): Promise<Page> {
    const tab = await profile.newPage();
    await tab.goto(built.url);
    const examples = seed === null ? undefined : await cloudExamples(seed, numExamples).examples(1e6);
    await tab.evaluate(([url, data]) => page.start(url, ["clouds"], data), [
      server.httpUrl,
      examples,
    ] as const);
    return tab;
  }

  test("trains in rounds with devices in Node, and serves what comes of them", async () => {
    const others = await Promise.all(
      ["one", "two"].map((name) => startDevice(server.httpUrl, join(directory, name), name)),
    );
    const tab = await openTab("page");
    await server.service.createTask(cloudsTask({ maxRounds: 3 }) as never);

    await eventually("the page to serve the last version", async () =>
      (await tab.evaluate(() => page.status().versions["clouds"])) === 4 ? true : undefined,
    );
    await Promise.all(others.map((device) => device.close()));

    const rounds = await server.service.listRounds(task);
    expect(rounds.map(({ outcome, numCounted }) => [outcome, numCounted])).toEqual(
      rounds.map(() => ["committed", 3]),
    );
    const { inputs } = await cloudExamples("held out", 4).examples(4);
    const answer = await tab.evaluate((given) => page.predict("clouds", given), inputs);
    expect([answer.version, answer.outputs["classes"]?.shape]).toEqual([4, [4, 3]]);
    expect(await tab.evaluate(() => page.errors())).toEqual([]);
    await tab.evaluate(() => page.close());
    await tab.close();
  });

  test("is the same device after a reload, and serves what it has without a server", async () => {
    const before = await openTab(null);
    await eventually("the page to be online", async () =>
      (await before.evaluate(() => page.status().isOnline)) ? true : undefined,
    );
    const { deviceId } = await before.evaluate(() => page.status());
    await before.close();

    const after = await profile.newPage();
    await after.goto(built.url);
    await profile.route(`${server.httpUrl}/**`, (route) => route.abort());
    await after.evaluate((url) => page.start(url, ["clouds"]), server.httpUrl);
    const { inputs } = await cloudExamples("held out", 2).examples(2);
    const answer = await after.evaluate((given) => page.predict("clouds", given), inputs);
    await profile.unrouteAll();

    expect(answer.version).toBe(4);
    await eventually("the page to come back online", async () =>
      (await after.evaluate(() => page.status().isOnline)) ? true : undefined,
    );
    expect((await after.evaluate(() => page.status())).deviceId).toBe(deviceId);
    expect(await after.evaluate(() => page.canExportKey())).toBe(false);
    await after.close();
  });

  test("is one device in three tabs: one leads, the next takes over when it closes", async () => {
    const tabs = [await openTab("page"), await openTab("page"), await openTab("page")];
    const [leader, ...followers] = tabs as [Page, Page, Page];
    const roles = (): Promise<string[]> => Promise.all(tabs.map((tab) => tab.evaluate(() => page.role())));
    expect(await roles()).toEqual(["leader", "follower", "follower"]);
    const ids = await Promise.all(tabs.map((tab) => tab.evaluate(() => page.status().deviceId)));
    expect(new Set(ids).size).toBe(1);
    const { inputs } = await cloudExamples("held out", 2).examples(2);
    const ask = (tab: Page) => tab.evaluate((given) => page.predict("clouds", given), inputs);
    expect((await ask(followers[1])).version).toBe(4);

    await leader.close();
    const answers = await Promise.all(followers.map(ask));

    expect(answers.map(({ version }) => version)).toEqual([4, 4]);
    const after = await Promise.all(followers.map((tab) => tab.evaluate(() => page.role())));
    expect(after.sort()).toEqual(["follower", "leader"]);
    await eventually("the new leader to be online as the same device", async () => {
      const status = await followers[0].evaluate(() => page.status());
      return status.isOnline && status.deviceId === ids[0] ? true : undefined;
    });
    await Promise.all(followers.map((tab) => tab.close()));
  });

  test("stops the leader's training within a second when its person types in another tab", async () => {
    const leader = await openTab("many", 60_000);
    const follower = await openTab(null);
    const training = { epochs: 50, batchSize: 2, learningRate: 0.01, proximalMu: 0, minExamples: 1 };
    await server.service.createTask(
      cloudsTask({
        ...{ taskId: "clouds-2", maxRounds: 1 },
        training: { ...training, maxExamples: 60_000 },
        round: { goalReports: 1, minAvailable: 1 },
      }) as never,
    );
    await eventually("a training", async () =>
      (await leader.evaluate(() => page.status().round.phase)) === "training" ? true : undefined,
    );
    await follower.keyboard.press("a");
    const stopped = await eventually("its end", async () =>
      (await leader.evaluate(() => page.trainings())).find(({ phase }) => phase === "given-up"),
    );

    const typedAtMs = (await follower.evaluate(() => page.typedAtMs())) ?? 0;
    expect(stopped.atMs - typedAtMs).toBeLessThan(1000);
    expect(await follower.evaluate(() => page.status().waitingFor)).toContain("in use");
    await Promise.all([leader.close(), follower.close()]);
  });
});
