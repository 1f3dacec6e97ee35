import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasChromium } from "./chromium.js";
import { weakTexts } from "./contrast.js";
import { DashboardPages } from "./dashboard-pages.js";
import { addDevices, addRollout, addVersions, rolloutIn, runningRollout } from "./dashboard-samples.js";
import { PEOPLE } from "./dashboard-people.js";

const PATHS = ["fleet", "fleet/device-1", "rollouts", "rollouts/digits-7-staged", "rollouts/+new", "sign-in"];

describe.skipIf(!hasChromium)("the pages for operators (needs chromium): access", () => {
  let pages: DashboardPages;
  beforeAll(async () => {
    pages = await DashboardPages.start();
    await pages.renew();
    addDevices(pages, 20);
    addVersions(pages);
    for (const state of ["paused", "waiting-approval", "completed", "rolled-back"] as const) {
      addRollout(pages, rolloutIn(state));
    }
    addRollout(pages, runningRollout());
  });
  afterAll(() => pages.close());

  describe.each(["light", "dark"] as const)("%s", (colorScheme) => {
    test.each(PATHS)("text of %s is readable: contrast of 4.5 at least", async (path) => {
      const page = await pages.open(path, PEOPLE.bob, { colorScheme });
      await page.locator("main h2").first().waitFor();
      await page.locator("main [aria-busy=true]").first().waitFor({ state: "detached" });

      expect(await page.evaluate(weakTexts)).toEqual([]);
    });

    test("text of a dialog that warns is readable", async () => {
      const page = await pages.open("rollouts/digits-7-staged", PEOPLE.bob, { colorScheme });
      await page.getByTestId("command-rollback").click();
      await page.getByTestId("reason").fill("because");

      expect(await page.evaluate(weakTexts)).toEqual([]);
    });
  });

  test.each(PATHS)("ids of %s are unique, and what refers to one finds it", async (path) => {
    const page = await pages.open(path, PEOPLE.vera);
    await page.locator("main h2").first().waitFor();

    const broken = await page.evaluate(() => {
      const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
      const twice = ids.filter((id, at) => ids.indexOf(id) !== at);
      const attributes = ["aria-labelledby", "aria-describedby", "for"];
      const referred = attributes.flatMap((name) =>
        [...document.querySelectorAll(`[${name}]`)].map((node) => node.getAttribute(name) ?? ""),
      );
      return [...twice, ...referred.filter((id) => !ids.includes(id))];
    });

    expect(broken).toEqual([]);
  });

  test("the focus can be seen wherever the Tab key leads", async () => {
    const page = await pages.open("rollouts/digits-7-staged", PEOPLE.bob);
    await page.getByTestId("actions").waitFor();

    const unseen: string[] = [];
    for (let stops = 0; stops < 24; stops += 1) {
      await page.keyboard.press("Tab");
      unseen.push(
        ...(await page.evaluate(() => {
          const focused = document.activeElement;
          if (focused === null || focused === document.body) return [];
          return getComputedStyle(focused).outlineStyle === "none" ? [focused.outerHTML.slice(0, 80)] : [];
        })),
      );
    }

    expect(unseen).toEqual([]);
  });

  test("the link over the navigation leads to the content and keeps the page", async () => {
    const page = await pages.open("fleet", PEOPLE.bob);

    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");

    expect(await page.evaluate(() => document.activeElement?.id)).toBe("content");
    expect(page.url()).toContain("#/fleet");
  });
});
