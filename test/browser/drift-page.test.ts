import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { repositoryRoot } from "../architecture/source-files.js";
import { hasChromium } from "./chromium.js";
import { weakTexts } from "./contrast.js";
import { DESKTOP, DashboardPages, SMALL_PHONE, scrollsSideways, unnamedControls } from "./dashboard-pages.js";
import { PEOPLE } from "./dashboard-people.js";
import { addVersions } from "./dashboard-samples.js";
import { DriftScene } from "./drift-scene.js";

/** Screenshots go to the README's folder when asked for: they differ by a pixel on every machine. */
const imageDirectory = process.env["FEDGE_IMAGES"] === undefined ? null : join(repositoryRoot, "docs/images");

const MODEL = "drift/digits";
const FEATURE = "drift/digits/basket";
const DRIFTING = { basketShift: 1.2, newCountry: 0.3, numRight: 5 };

/* One story; each test goes on where the one before ended. */
describe.skipIf(!hasChromium)("the Drift page (needs chromium)", () => {
  let pages: DashboardPages;
  let scene: DriftScene;
  const complaints: string[] = [];
  /** Stays open throughout, and follows by itself. */
  let list: Page;

  beforeAll(async () => {
    [pages, scene] = await Promise.all([DashboardPages.start(), DriftScene.open(18)]);
  }, 900_000);
  afterAll(async () => {
    await pages.close();
    await scene.close();
  });

  afterEach(() => pages.leave([list]));

  async function open(...given: Parameters<DashboardPages["open"]>): Promise<Page> {
    const page = await pages.open(...given);
    page.setDefaultTimeout(120_000);
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("response", (response) => {
      if (response.status() < 500) return;
      const told = response.text().catch(() => "");
      void told.then((text) => complaints.push(`${response.url()}: ${text}`));
    });
    return page;
  }

  async function photograph(page: Page, name: string, height: number): Promise<void> {
    if (imageDirectory === null) return;
    await mkdir(imageDirectory, { recursive: true });
    await page.setViewportSize({ ...DESKTOP, height });
    // Where no scroll bar is painted, its place would be an empty strip.
    await page.evaluate(() => document.documentElement.style.setProperty("scrollbar-gutter", "auto"));
    await page.screenshot({ path: join(imageDirectory, `${name}.png`) });
  }

  /** Rows of a table, first column each. */
  async function firstColumn(page: Page, testId: string): Promise<string[]> {
    const cells = page.getByTestId(testId).locator("tbody tr td:first-child");
    return (await cells.allInnerTexts()).map((text) => text.trim());
  }

  describe("before there is anything to show", () => {
    test("it says how a model gets a reference profile", async () => {
      await pages.renew();
      addVersions(pages);
      const page = await open("drift", PEOPLE.vera);

      const start = await page.getByTestId("drift-start").innerText();

      expect(start).toContain("fedge profile build --model digits --data training.csv");
      expect(start).toContain("fedge profile attach profile.json --model digits");
      expect(start).toContain("fedge rollout create digits@8");
    });

    test("it says how many devices a monitored model waits for", async () => {
      await pages.renew({ drift: scene.monitoring });
      addVersions(pages);
      const page = await open(MODEL, PEOPLE.vera);

      expect(await page.getByTestId("drift-waiting").innerText()).toContain(
        "96 of the 20 devices that a window takes serve version 3 now",
      );
      expect(await page.getByTestId("drift-head").innerText()).toContain("no window has been released yet");
    });
  });

  describe("while windows are released", () => {
    test("the list grows by itself, window by window", async () => {
      list = await open("drift", PEOPLE.vera);
      const strip = list.getByTestId("drift-model-digits").locator(".strip-cell");
      await list.getByTestId("drift-model-digits").waitFor();

      for (let window = 0; window < 11; window += 1) await scene.nextWindow();
      await scene.nextWindow({ missingAges: 0.25 });

      await expect.poll(() => strip.count(), { timeout: 120_000 }).toBe(12);
      expect(await list.getByTestId("drift-model-digits").innerText()).toContain("broken data");
    }, 900_000);

    test("a drift is told in words, and its alert appears without a reload", async () => {
      await scene.nextWindow();
      for (let window = 0; window < 5; window += 1) await scene.nextWindow(DRIFTING);
      await scene.sendStrays();

      await list.getByTestId("alerts").waitFor();
      const card = list.getByTestId("drift-model-digits");
      await expect
        .poll(() => card.getByRole("img").getAttribute("aria-label"), { timeout: 120_000 })
        .toMatch(/18 windows of digits since .*broken data.*; the newest: drift/);
      expect(await list.getByTestId("alerts").innerText()).toMatch(/critical[\s\S]*drift · digits v3/i);
    }, 900_000);
  });

  describe("one model", () => {
    test("lists features worst first, then by importance times effect, each with its numbers", async () => {
      const page = await open(MODEL, PEOPLE.vera);
      const table = page.getByTestId("features-table");
      await table.locator("tbody").waitFor();

      expect((await firstColumn(page, "features-table")).slice(0, 2)).toEqual(["basket", "country"]);
      const [row = ""] = await table.locator("tbody tr").allInnerTexts();
      expect(row).toMatch(/drift[\s\S]*0\.\d{3} [\s\S]*0\.050[\s\S]*90$/);
      expect(await table.getByRole("img").first().getAttribute("aria-label")).toMatch(
        /score of basket in 18 windows: from .* limit 0\.050/,
      );
    });

    test("is ordered by the column that one presses, by keyboard too", async () => {
      const page = await open(MODEL, PEOPLE.vera);
      const button = page.getByTestId("features-table").getByRole("button", { name: "Unseen" });
      await button.focus();
      await page.keyboard.press("Enter");

      expect((await firstColumn(page, "features-table"))[0]).toBe("country");
      expect(await page.locator("th[aria-sort=descending]").innerText()).toContain("Unseen");
    });

    test("maps features by windows, with releases and alerts in words", async () => {
      const page = await open(MODEL, PEOPLE.vera);
      const map = page.getByTestId("heat-map");
      await map.locator("tbody").waitFor();

      expect(await map.locator("tbody tr").count()).toBe(7);
      expect(await map.locator("tbody tr").first().locator("td").count()).toBe(18);
      const markers = await page.getByTestId("heat-markers").innerText();
      expect(markers).toContain("version 3 released by rollout digits-3-staged");
      expect(markers).toContain("version 3 released to the fleet");
      expect(markers).toContain("alert: basket");
    });

    test("shows the window that is chosen in the map, and keeps it in the address", async () => {
      const page = await open(MODEL, PEOPLE.vera);
      await page.getByRole("link", { name: /broken data/ }).click();

      const age = page.getByTestId("features-table").getByRole("row", { name: /age/ });
      await age.getByText("broken data").waitFor();
      expect(page.url()).toMatch(/#\/drift\/digits\?window=\d+$/);
    });

    test("shows a cohort that is chosen", async () => {
      const page = await open(MODEL, PEOPLE.vera);
      await page.getByTestId("choose-cohort").selectOption("platform=node");

      await page.getByRole("heading", { name: "Features by windows: platform = node" }).waitFor();
      const basket = page.getByTestId("features-table").getByRole("row", { name: /basket/ });
      await basket.locator("[data-verdict=ok]").waitFor();
      expect(page.url()).toContain("cohort=platform%3Dnode");
    });

    test("says what is not displayed and why", async () => {
      const page = await open(MODEL, PEOPLE.vera);
      const hidden = page.getByTestId("hidden-card");
      await page.getByTestId("hidden-table").locator("tbody").waitFor();
      const text = await hidden.innerText();

      expect(text).toMatch(/region = apac\s+fewer than 20 devices counted\s+18/);
      expect(text).toMatch(/would be a cohort that is too small/);
      expect(text).toContain("1 window of devices, version 3: came after the window was released");
      expect(text).toContain("1 window of devices, version 3: counted in another layout");
    });

    test("says why a cohort that is not shown is not", async () => {
      const page = await open(`${MODEL}?cohort=region%3Dapac`, PEOPLE.vera);

      expect(await page.getByTestId("features-hidden").innerText()).toContain("below-minimum");
    });

    test("shows how well the model does, and of how many labels that is known", async () => {
      const page = await open(MODEL, PEOPLE.vera);

      // 90 devices with 30 predictions, nine of them labelled, five of these right.
      expect(await page.getByTestId("outcomes-coverage").innerText()).toContain(
        "810 of 2,700 predictions have a label (30.0 %)",
      );
      expect(await page.getByTestId("outcomes-table").innerText()).toMatch(/55\.6 %/);
    });

    test("shows what a shadow made of the same predictions, and of how many of them the truth is known", async () => {
      const page = await open(MODEL, PEOPLE.vera);
      const text = await page.getByTestId("outcomes-shadow").innerText();

      // 90 devices: 20 of 28 alike, twice failed; of nine labels 3, 2, 1 and 3: one ninth less.
      expect(text).toContain(
        "agree in 71.4 % of the predictions that both answered; the shadow failed at 180",
      );
      expect(text).toContain(
        "32.1 % of them have a label: both are right in 270, only the served one in 180",
      );
      expect(text).toContain("only the shadow in 90, neither in 270, the shadow's accuracy differs by −11.1");
    });

    test("counts devices by what they say themselves", async () => {
      const page = await open(MODEL, PEOPLE.vera);

      expect(await page.getByTestId("local-states").innerText()).toMatch(/drift\s+45\s/);
    });

    test("gives its numbers as files", async () => {
      const page = await open(MODEL, PEOPLE.vera);
      const download = page.waitForEvent("download");
      await page.getByTestId("features-card").getByTestId("download-csv").click();

      expect((await download).suggestedFilename()).toBe("digits-features.csv");
    });
  });

  describe("one feature", () => {
    test("says statistic, number, limit and why", async () => {
      const page = await open(FEATURE, PEOPLE.vera);
      await page.getByTestId("formula-card").waitFor();

      expect(await page.getByTestId("chance").innerText()).toMatch(
        /p = .*which is below 0\.05: more than chance/,
      );
      expect(await page.getByTestId("effect-psi").innerText()).toMatch(
        /sum over 25 cells of \(q − p\) · ln\(q \/ p\)[\s\S]*lower end is above the limit of 0\.050/,
      );
      expect(await page.getByTestId("why").innerText()).toContain("in the window before as well");
    });

    test("draws reference against now, and says what moved most", async () => {
      const page = await open(FEATURE, PEOPLE.vera);

      const chart = page.getByTestId("chart-cells").getByRole("img");
      expect(await chart.getAttribute("aria-label")).toMatch(/Moved most: .* from 5\.0 % to/);
      await page.getByTestId("chart-cells").getByRole("button", { name: "Table" }).click();
      expect(await page.getByTestId("chart-cells").locator("tbody tr").count()).toBe(25);
    });

    test("tells apart cohorts, and their mix from change within them", async () => {
      const page = await open(FEATURE, PEOPLE.vera);

      const cohorts = await page.getByTestId("cohort-bars").innerText();
      expect(cohorts).toMatch(/platform = browser\s+▲ drift[\s\S]*platform = node\s+✓ ok/);
      expect(await page.getByTestId("mix-card").innerText()).toMatch(
        /By platform\s+[\d.]+ % of the mass moved/,
      );
    });

    test("says so when there is none of that name", async () => {
      const page = await open("drift/digits/nothing", PEOPLE.vera);

      expect(await page.getByTestId("drift-problem").innerText()).toContain('has no feature "nothing"');
    });
  });

  describe("everywhere", () => {
    const PATHS = ["drift", MODEL, FEATURE];

    async function settled(page: Page): Promise<void> {
      await page.locator("main h2").first().waitFor();
      await expect.poll(() => page.locator("main [aria-busy=true]").count(), { timeout: 120_000 }).toBe(0);
    }

    test.each(PATHS)("%s fits a small phone", async (path) => {
      const page = await open(path, PEOPLE.dana, { viewport: SMALL_PHONE });
      await settled(page);

      expect(await scrollsSideways(page)).toBe(false);
    });

    test.each(PATHS)("text of %s is readable in both themes, and every control has a name", async (path) => {
      for (const colorScheme of ["light", "dark"] as const) {
        const page = await open(path, PEOPLE.dana, { colorScheme });
        await settled(page);

        expect(await page.evaluate(weakTexts)).toEqual([]);
        expect(await unnamedControls(page)).toEqual([]);
      }
    });

    test.each(PATHS)(
      "%s does not scroll sideways on a small phone for a feature's name of sixty letters",
      async (path) => {
        const page = await open(path, PEOPLE.dana, { viewport: SMALL_PHONE });
        await settled(page);
        await page.evaluate(() => {
          const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (texts.nextNode() !== null)
            texts.currentNode.nodeValue = String(texts.currentNode.nodeValue).replaceAll(
              "basket",
              "b".repeat(60),
            );
        });

        expect(await scrollsSideways(page)).toBe(false);
      },
    );

    test("its pictures are taken", async () => {
      const page = await open(MODEL, PEOPLE.dana, { colorScheme: "dark" });
      await settled(page);
      await photograph(page, "drift", 1560);
      const feature = await open(FEATURE, PEOPLE.dana, { colorScheme: "dark" });
      await settled(feature);
      await photograph(feature, "drift-feature", 1300);
    });
  });

  describe("an alert", () => {
    test.each([
      ["a viewer", PEOPLE.vera, "Your role (viewer) may not do this"],
      ["nobody", null, "Sign in first"],
    ])("can be pressed at by %s, and does nothing but say why", async (_name, who, why) => {
      const page = await open(MODEL, who);
      const button = page.getByTestId("act-ack").first();

      expect(await button.getAttribute("title")).toContain(why);
      await button.focus();
      await page.keyboard.press("Enter");
      expect(await page.getByTestId("dialog").count()).toBe(0);
    });

    test("is taken on by who confirms that he is asked, and another's page shows it", async () => {
      const page = await open(MODEL, PEOPLE.bob);
      await page.getByTestId("act-ack").first().focus();
      await page.keyboard.press("Enter");
      expect(await page.getByTestId("dialog").innerText()).toContain("You are its owner from now on");
      await page.getByTestId("dialog-confirm").focus();
      await page.keyboard.press("Enter");
      await page.getByTestId("dialog").waitFor({ state: "detached" });

      await list.getByText("taken on by bob").first().waitFor();
    });

    test("that another changed meanwhile says who and what, and nothing is sent", async () => {
      const page = await open(MODEL, PEOPLE.dana);
      const alert = page.getByTestId("alerts").getByRole("listitem").filter({ hasText: "country" }).first();
      await alert.getByTestId("act-resolve").click();
      const alertId = (await alert.getAttribute("data-testid"))?.replace("alert-", "") ?? "";
      await scene.monitoring.act(alertId, { type: "silence", by: "cleo", untilMs: Date.now() + 3_600_000 });
      await page.getByTestId("dialog-confirm").click();

      expect(await page.getByTestId("conflict").innerText()).toMatch(/cleo silenced this alert/);
      const sent = page.waitForResponse((response) => response.url().includes("/resolve"));
      await page.getByTestId("dialog-confirm").click();
      expect((await sent).status()).toBe(200);
      await page.getByTestId("dialog").waitFor({ state: "detached" });
    });

    test("that proposes a training is decided by who may start tasks, and names the task that begins", async () => {
      const operator = await open(MODEL, PEOPLE.bob);
      const refused = operator.getByTestId("act-confirm").first();
      expect(await refused.getAttribute("title")).toContain("this takes the role data scientist or admin");

      const page = await open(MODEL, PEOPLE.dana);
      await page.getByTestId("act-confirm").first().click();
      await page.getByTestId("dialog-confirm").click();

      await page.getByText("Training confirmed by dana").waitFor();
      expect(await page.getByTestId("proposal").first().innerText()).toMatch(/: task retrain-[0-9a-f]{12}\./);
    });

    test("that is called false is over, and stays to be read", async () => {
      const page = await open(MODEL, PEOPLE.dana);
      await page.getByTestId("act-false-alarm").first().click();
      await page.getByTestId("dialog-confirm").click();
      await page.getByTestId("dialog").waitFor({ state: "detached" });

      await page.getByTestId("alerts-over").click();
      await page.getByText("called a false alarm by dana").first().waitFor();
    });
  });

  test("no page complained, nor broke its own content security policy", () => {
    const unexpected = complaints.filter((text) => !/status of 40[0-9]/.test(text));

    expect(unexpected).toEqual([]);
  });
});
