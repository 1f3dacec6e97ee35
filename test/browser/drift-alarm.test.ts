import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rehearseDrift, type DriftRehearsalResult, type Scene } from "@fedge/aggregator/rehearsal";
import { repositoryRoot } from "../architecture/source-files.js";
import { hasChromium, startChromium } from "./chromium.js";

/** Screenshots go to the README's folder when asked for. */
const imageDirectory = process.env["FEDGE_IMAGES"] === undefined ? null : join(repositoryRoot, "docs/images");
/** Some more than the least that are shown are not on the coast: one that is late hides nothing. */
const NUM_DEVICES = Number(process.env["FEDGE_DRIFT_DEVICES"] ?? "44");
/** The story takes about five minutes. */
const STORY_MS = 900_000;
const HEIGHTS: Readonly<Record<Scene, number>> = {
  quiet: 900,
  drifting: 1300,
  expected: 1300,
  recovered: 1300,
};

/** What an alert of the feature says: of the whole fleet or of the coast, whichever is seen first. */
const saysOf = (feature: string): RegExp => new RegExp(`^${feature}(?: among region=coast)?: `, "m");

/** What the page said at one moment. */
interface Seen {
  readonly list: string;
  readonly alerts: string;
  readonly cohorts: string;
}

/* What an operator sees while `fedge drift rehearse` goes on; the dashboard is the built one. */
describe.skipIf(!hasChromium)(
  "the Drift page while the world changes for twenty devices (needs chromium)",
  () => {
    let browser: Browser;
    let result: DriftRehearsalResult;
    /** What the page said at each scene. */
    const seen = new Map<Scene, Seen>();

    beforeAll(async () => {
      browser = await startChromium();
      const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: "dark" });
      page.setDefaultTimeout(60_000);
      result = await rehearseDrift(
        { numDevices: NUM_DEVICES, numWorkers: 2, seed: "page", windowMs: 15_000 },
        {
          tell: (line) => console.info(line),
          signal: new AbortController().signal,
          onScene: async (scene, httpUrl) => void seen.set(scene, await look(page, scene, httpUrl)),
        },
      );
    }, STORY_MS);
    afterAll(() => browser.close());

    async function look(page: Page, scene: Scene, httpUrl: string): Promise<Seen> {
      await page.goto(`${httpUrl}/#/drift`);
      const list = await settledText(page, "drift-model-shop");
      await page.goto(`${httpUrl}/#/drift/shop`);
      await settledText(page, "heat-map");
      const alerts = await settledText(page, "alerts-card");
      const cohorts = await settledText(page, "cohorts-card");
      if (imageDirectory !== null) {
        await mkdir(imageDirectory, { recursive: true });
        await page.setViewportSize({ width: 1280, height: HEIGHTS[scene] });
        await page.screenshot({ path: join(imageDirectory, `drift-story-${scene}.png`) });
      }
      return { list, alerts, cohorts };
    }

    async function settledText(page: Page, testId: string): Promise<string> {
      await page.getByTestId(testId).waitFor();
      await page.waitForFunction(() => document.querySelector("main [aria-busy=true]") === null);
      return page.getByTestId(testId).innerText();
    }

    test("at first says that all is well, and no more", () => {
      expect(seen.get("quiet")).toMatchObject({
        list: expect.stringMatching(/✓ ok/),
        alerts: expect.stringContaining("No open alert."),
      });
    });

    test("then names the features that drift, and that fewer answers are right", () => {
      const { list = "", alerts = "" } = seen.get("drifting") ?? {};
      expect(list).toMatch(/▲ drift/);
      expect(alerts).toMatch(saysOf("basket"));
      expect(alerts).toMatch(saysOf("country"));
      expect(alerts).toContain("of labelled predictions were right");
    });

    test("and shows that it is the coast's alone", () => {
      const { cohorts = "" } = seen.get("drifting") ?? {};
      expect(cohorts).toMatch(/region = coast\s+▲ drift/);
      expect(cohorts).toMatch(/region = inland\s+✓ ok/);
    });

    test("with the new reference shows the accuracy as the one thing that is wrong", () => {
      const { alerts = "" } = seen.get("expected") ?? {};
      expect(alerts).toContain("of labelled predictions were right");
      expect(alerts).not.toMatch(saysOf("basket"));
      expect(alerts).not.toMatch(saysOf("country"));
    });

    test("and in the end has no open alert", () => {
      expect(seen.get("recovered")?.alerts).toContain("No open alert.");
    });

    test("nothing went otherwise than it must: every alert is over, and was told when it began and when it ended", () => {
      expect(result.problems).toEqual([]);
      const told = result.alerts.map(({ kind, numCalls }) => [kind, numCalls]);
      expect(told.sort(), JSON.stringify(result.alerts)).toEqual([
        ["drift", 2],
        ["drift", 2],
        ["performance", 2],
      ]);
      expect(result.serving).toEqual({
        [`shop@${result.versions.recovered}`]: 20,
        [`shop@${result.versions.before}`]: NUM_DEVICES - 20,
      });
    });
  },
);
