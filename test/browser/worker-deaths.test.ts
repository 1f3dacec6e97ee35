import type { RunningServer } from "@fedge/aggregator";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cloudExamples, cloudsTask } from "../e2e/digits-task.js";
import { eventually } from "../e2e/waiting.js";
import type { BuiltPage } from "./built-page.js";
import { hasChromium } from "./chromium.js";
import { openCloudsPage, type CloudsPage } from "./clouds-page.js";
import type { WorkerNews } from "./engine-page/engine-page.js";

/** Tens of thousands of steps: minutes, if nothing stopped it. */
const NUM_EXAMPLES = 60_000;
const [SERVING, TRAINING] = [0, 1];

describe.skipIf(!hasChromium)("an engine's worker in a page (needs chromium)", () => {
  let clouds: CloudsPage;
  let server: RunningServer;
  let built: BuiltPage;
  let browser: Browser;
  let profile: BrowserContext;
  let tab: Page;
  let numTasks = 0;
  beforeAll(async () => {
    clouds = await openCloudsPage("engine-page");
    ({ server, built, browser } = clouds);
  }, 180_000);
  afterAll(() => clouds.close());
  beforeEach(async () => {
    profile = await browser.newContext();
    tab = await profile.newPage();
    await tab.goto(built.url);
  });
  afterEach(() => profile.close());

  async function start(numExamples: number): Promise<void> {
    const examples = await cloudExamples("many", numExamples).examples(1e6);
    await tab.evaluate(([url, data]) => enginePage.start(url, "mortal", data), [
      server.httpUrl,
      examples,
    ] as const);
    await eventually("a version, online", async () => {
      const { versions, isOnline } = await tab.evaluate(() => enginePage.status());
      return isOnline && (versions["clouds"] ?? 0) > 0 ? true : undefined;
    });
  }

  async function startTraining(): Promise<void> {
    await start(NUM_EXAMPLES);
    await createLongTask();
    await eventually("a training, in a worker that has begun", async () => {
      const isTraining = (await phases()).some(({ phase }) => phase === "training");
      const news = await tab.evaluate(() => enginePage.workerNews());
      const isThere = news.some(({ worker, what }) => worker === TRAINING && what === "answered");
      return isTraining && isThere ? true : undefined;
    });
  }

  const version = async (): Promise<number> =>
    (await tab.evaluate(() => enginePage.status())).versions["clouds"] ?? 0;

  /** One short round: an engine that still loads cannot stop between two steps, and is ended with its worker. */
  async function trainOnce(): Promise<void> {
    const before = await version();
    await server.service.createTask(
      cloudsTask({
        ...{ taskId: `short-${(numTasks += 1)}`, maxRounds: 1 },
        round: { goalReports: 1, minAvailable: 1 },
      }) as never,
    );
    await eventually("a round's version", async () => ((await version()) > before ? true : undefined));
  }

  async function createLongTask(): Promise<void> {
    const training = { epochs: 50, batchSize: 2, learningRate: 0.01, proximalMu: 0, minExamples: 1 };
    await server.service.createTask(
      cloudsTask({
        ...{ taskId: `long-${(numTasks += 1)}`, maxRounds: 1 },
        training: { ...training, maxExamples: NUM_EXAMPLES },
        round: { goalReports: 1, minAvailable: 1 },
      }) as never,
    );
  }

  const phases = () => tab.evaluate(() => enginePage.phases());

  /** What the worker did first of these things after the page's plug was pulled, and how long after. */
  async function afterThePlug(whats: readonly WorkerNews["what"][]) {
    await tab.evaluate(() => enginePage.setEligible(false));
    const pulledAtMs = (await phases()).find(({ phase }) => phase === "not eligible")?.atMs ?? 0;
    const first = await eventually("the worker's answer or end", async () => {
      const news = await tab.evaluate(() => enginePage.workerNews());
      return news.find(
        ({ worker, what, code, atMs }) =>
          worker === TRAINING &&
          atMs >= pulledAtMs &&
          whats.includes(what) &&
          (what !== "answered" || code === "TRAINING_INTERRUPTED"),
      );
    });
    return { ...first, tookMs: first.atMs - pulledAtMs };
  }

  test("ends its training by itself within a second when the plug is pulled", async () => {
    await start(NUM_EXAMPLES);
    await trainOnce();
    await createLongTask();
    await eventually("a training in the loaded engine", async () => {
      const all = (await phases()).map(({ phase }) => phase);
      return all.lastIndexOf("training") > all.indexOf("counted") ? true : undefined;
    });

    const ended = await afterThePlug(["answered", "terminated"]);
    expect(ended).toMatchObject({ what: "answered", code: "TRAINING_INTERRUPTED" });
    expect(ended.tookMs).toBeLessThan(1000);
    expect(await tab.evaluate(() => enginePage.status().waitingFor)).toContain("on battery");
    await tab.evaluate(() => enginePage.close());
  });

  test("is cut off within a second when a step does not end", async () => {
    await startTraining();
    await tab.evaluate((worker) => enginePage.end(worker, "stall"), TRAINING);

    expect((await afterThePlug(["terminated"])).tookMs).toBeLessThan(1000);
    await tab.evaluate(() => enginePage.close());
  });

  test.each(["crash", "close"] as const)(
    "that serves and dies (%s) is there again within two seconds, and answers what was asked of the dead one",
    async (how) => {
      await start(2);
      const { inputs } = await cloudExamples("held out", 2).examples(2);
      const { outputs } = await tab.evaluate((given) => enginePage.predict(given), inputs);

      const again = await tab.evaluate(
        ([worker, end, given]) => enginePage.predictAfterEnd(worker, end, given),
        [SERVING, how, inputs] as const,
      );
      expect(again.outputs).toEqual(outputs);
      expect(again.tookMs).toBeLessThan(2000);
      await tab.evaluate(() => enginePage.close());
    },
  );

  test.each(["crash", "close"] as const)(
    "that trains and dies (%s) ends its round within two seconds",
    async (how) => {
      await startTraining();
      const killedAtMs = await tab.evaluate(
        ([worker, end]) => {
          enginePage.end(worker, end);
          return performance.now();
        },
        [TRAINING, how] as const,
      );
      const aborted = await eventually("the round's end here", async () =>
        (await phases()).find(({ code }) => code === "TRAINER_DIED"),
      );

      expect(aborted.atMs - killedAtMs).toBeLessThan(2000);
      await tab.evaluate(() => enginePage.close());
    },
  );

  test.each(["crash", "close"] as const)(
    "that dies (%s) before it holds its lock ends its round within two seconds",
    async (how) => {
      await start(2);
      await tab.evaluate((end) => enginePage.endAtBirth(end), how);
      await createLongTask();
      const aborted = await eventually("the round's end here", async () =>
        (await phases()).find(({ code }) => code === "TRAINER_DIED"),
      );
      const news = await tab.evaluate(() => enginePage.workerNews());
      const started = news.find(({ worker, what }) => worker === TRAINING && what === "started");

      expect(aborted.atMs - (started?.atMs ?? 0)).toBeLessThan(2000);
      await tab.evaluate(() => enginePage.close());
    },
  );
});
