import type { DeviceId } from "@fedge/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { RolloutId } from "../../aggregator/src/rollouts/rollout-config.js";
import { hasChromium } from "./chromium.js";
import { DashboardPages } from "./dashboard-pages.js";
import { PEOPLE } from "./dashboard-people.js";
import { addDevices, addRollout, addVersions, rolloutIn, runningRollout } from "./dashboard-samples.js";

describe.skipIf(!hasChromium)("planning on the Rollouts page (needs chromium)", () => {
  let pages: DashboardPages;
  beforeAll(async () => {
    pages = await DashboardPages.start();
  });
  beforeEach(() => pages.renew());
  afterAll(() => pages.close());

  describe("a new rollout", () => {
    beforeEach(() => {
      addDevices(pages, 3);
      addVersions(pages);
      pages.app.rollouts.nextPreview = {
        numMatching: 98,
        waves: [
          { name: "10 %", numDevices: 9, devices: ["device-1", "device-2"] as DeviceId[] },
          { name: "everyone", numDevices: 89, devices: [] },
        ],
        isReturn: true,
        excluded: [{ reason: "no runtime for this version", numDevices: 2 }],
        conflicts: [{ rolloutId: "other" as RolloutId, numDevices: 5, wins: true }],
      };
    });

    test("shows before whom each wave would reach, whom it leaves out, and who wants the same devices", async () => {
      const page = await pages.open("rollouts/+new", PEOPLE.dana);
      await page.getByText("98 devices match").waitFor();

      const text = await page.getByTestId("preview-card").innerText();

      expect(text).toMatch(/everyone\s+89 devices/);
      expect(text).toContain("1 % by hash, soaks 4 h, then the next");
      expect(text).toContain("2: no runtime for this version");
      expect(text).toContain("waves of a return neither soak nor wait for metric gates");
      expect(text).toContain("other: 5 devices obey that one");
    });

    test("names the devices of a wave, and says how they try the version and what failures lead to", async () => {
      const page = await pages.open("rollouts/+new", PEOPLE.dana);
      await page.getByText("the first 2").click();

      expect(await page.getByTestId("preview-waves").getByRole("link").allInnerTexts()).toEqual([
        "device-1",
        "device-2",
      ]);
      const plan = await page.getByTestId("preview-card").getByTestId("plan").innerText();
      expect(plan).toMatch(/Tried on the device\s+kept after 100 predictions or 1 h/);
      expect(plan).toContain("devices are brought back in waves of up to 5 %");
    });

    test("is created with the name under which it was previewed, because the name draws the devices", async () => {
      const page = await pages.open("rollouts/+new", PEOPLE.dana);
      await page.getByText("98 devices match").waitFor();

      await page.getByTestId("create").click();
      await page.getByTestId("rollout-head").waitFor();

      expect(pages.app.rollouts.previewed.at(-1)?.rolloutId).toBe(
        pages.app.rollouts.rollouts[0]?.config.rolloutId,
      );
    });

    test("of the kind ab asks for its protocol, and shows the sample that its power takes before it is made", async () => {
      const page = await pages.open("rollouts/+new", PEOPLE.dana);
      await page.getByTestId("kind-ab").check();
      await page.getByText("Choose the one version to compare with.").first().waitFor();
      expect(await page.getByTestId("create").isDisabled()).toBe(true);

      await page.getByTestId("arm-6").check();
      await page.getByTestId("compared-metric").selectOption("proxy:");
      await page.getByTestId("proxy-name").fill("accepted");
      await page.getByTestId("horizonHours").fill("168");
      await page.getByTestId("effectPercent").fill("10");

      // From one half to 60 %, two-sided 5 %, power 80 %: 387.34 of each by Fleiss' formula with scipy's quantiles.
      await page.getByText("version 7 against 6 by proxy:accepted").waitFor();
      expect(await page.getByTestId("plan").innerText()).toContain("about 388 observations of each version");
      await page.getByTestId("create").click();
      await page.getByTestId("rollout-head").waitFor();
      expect(pages.app.rollouts.rollouts[0]?.config).toMatchObject({
        ...{ kind: "ab", version: 7, arms: [7, 6] },
        comparison: { metric: "proxy:accepted", horizonMs: 604_800_000, minDetectableEffect: 0.1 },
      });
    });

    test("of the kind bandit takes several arms, of the kind shadow none", async () => {
      const page = await pages.open("rollouts/+new", PEOPLE.dana);

      await page.getByTestId("kind-bandit").check();
      await page.getByTestId("arm-5").check();
      await page.getByTestId("arm-6").check();
      await page.getByTestId("horizonHours").fill("1");
      await page.getByTestId("create").click();
      await page.getByTestId("rollout-head").waitFor();
      expect(pages.app.rollouts.rollouts[0]?.config).toMatchObject({ kind: "bandit", arms: [7, 5, 6] });

      const shadow = await pages.open("rollouts/+new", PEOPLE.dana);
      await shadow.getByTestId("kind-shadow").check();
      expect(await shadow.getByTestId("arm-5").count()).toBe(0);
      await shadow.getByTestId("create").click();
      await shadow.getByTestId("rollout-head").waitFor();
      expect(pages.app.rollouts.rollouts[0]?.config).toMatchObject({ kind: "shadow" });
      expect(await shadow.getByTestId("plan").innerText()).toContain("until it is aborted");
    });

    test("is created as it was described, and shown", async () => {
      const page = await pages.open("rollouts/+new", PEOPLE.dana);

      await page.getByTestId("version").selectOption("6");
      await page.getByTestId("template-quick").check();
      await page.getByTestId("filter").fill("presence == online");
      await page.getByTestId("note").fill("better on sevens");
      await page.getByTestId("needs-approval").check();
      await page.getByTestId("create").click();
      await page.getByTestId("rollout-head").waitFor();

      const { config, state } = pages.app.rollouts.rollouts[0] ?? rolloutIn("draft");
      expect([config.version, config.filter, config.note]).toEqual([
        6,
        "presence == online",
        "better on sevens",
      ]);
      expect(config.waves.map(({ percent }) => percent)).toEqual([20, 100]);
      expect(state).toBe("waiting-approval");
    });

    test("by somebody who may not is not sent", async () => {
      const page = await pages.open("rollouts/+new", PEOPLE.vera);
      await page.getByText("98 devices match").waitFor();

      expect(await page.getByTestId("create").isDisabled()).toBe(true);
      expect(await page.getByTestId("create-form").innerText()).toContain("Your role (viewer)");
    });
  });

  describe("a rollout that has not started", () => {
    beforeEach(() => {
      addDevices(pages, 3);
      addVersions(pages);
    });

    test("is edited in the form that made it, and keeps what nobody changes", async () => {
      const before = addRollout(pages, rolloutIn("ready"));
      const page = await pages.open("rollouts/digits-7-ready", PEOPLE.dana);

      await page.getByTestId("edit").click();
      await page.getByTestId("note").fill("on second thought");
      await page.getByTestId("create").click();
      await page.getByTestId("rollout-head").waitFor();

      expect(pages.app.rollouts.rollouts[0]?.config).toEqual({ ...before.config, note: "on second thought" });
    });

    test("is deleted after asking, and is gone from the list", async () => {
      addRollout(pages, rolloutIn("waiting-approval"));
      const page = await pages.open("rollouts/digits-7-waiting-approval", PEOPLE.dana);

      await page.getByTestId("delete").click();
      expect(await page.getByTestId("dialog").innerText()).toContain("It never starts");
      await page.getByTestId("dialog-confirm").click();

      await page.getByTestId("first-rollout").waitFor();
      expect(pages.app.rollouts.rollouts).toEqual([]);
    });

    test("is neither edited nor deleted by somebody who only looks", async () => {
      addRollout(pages, rolloutIn("ready"));
      const page = await pages.open("rollouts/digits-7-ready", PEOPLE.vera);

      for (const button of ["edit", "delete"])
        expect(await page.getByTestId(button).getAttribute("title")).toContain("Your role (viewer)");
    });
  });

  test("what runs is not edited or deleted, and says why; what is over is hidden", async () => {
    addRollout(pages, runningRollout());
    addRollout(pages, rolloutIn("completed"));
    const page = await pages.open("rollouts/digits-7-staged", PEOPLE.bob);

    expect(await page.getByTestId("edit").getAttribute("title")).toContain("has not started");
    expect(await page.getByTestId("delete").getAttribute("title")).toContain("Abort it or wait");
    await page.goto(`${pages.url}/#/rollouts/digits-7-completed`);
    await page.getByRole("button", { name: "Hide" }).click();
    expect(await page.getByTestId("dialog").innerText()).toContain("stays in its history");
  });

  test("a rollout that somebody deleted meanwhile cannot be edited, and the page says so", async () => {
    const page = await pages.open("rollouts/+edit:nothing", PEOPLE.dana);

    expect(await page.getByTestId("rollout-problem").innerText()).toContain("there is no rollout nothing");
  });
});
