import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { sampleDevice } from "../../aggregator/src/http/testing/sample-data.js";
import { hasChromium } from "./chromium.js";
import { DashboardPages, SMALL_PHONE, scrollsSideways, unnamedControls } from "./dashboard-pages.js";
import { addDevices, addRollout, addVersions, runningRollout } from "./dashboard-samples.js";
import { PEOPLE } from "./dashboard-people.js";

describe.skipIf(!hasChromium)("the Fleet page (needs chromium)", () => {
  let pages: DashboardPages;
  beforeAll(async () => {
    pages = await DashboardPages.start();
  });
  beforeEach(() => pages.renew());
  afterAll(() => pages.close());

  describe("the fleet", () => {
    // Of 120 devices every sixth is sleeping, offline and lost, and each of three versions is served by a third.
    test("is counted by presence and by version", async () => {
      addDevices(pages, 120);
      addVersions(pages);
      const page = await pages.open("fleet");

      expect(await page.getByTestId("presence-card").innerText()).toMatch(
        /online\s+60\s+sleeping\s+20\s+offline\s+20\s+lost\s+20/,
      );
      expect(await page.getByTestId("versions-card").innerText()).toMatch(
        /version 6 is released\s+version 7\s+40\s+version 6\s+40\s+version 5\s+40/,
      );
    });

    test("is listed page by page", async () => {
      addDevices(pages, 120);
      const page = await pages.open("fleet");
      await page.getByText("1–50 of 120", { exact: true }).waitFor();

      await page.getByRole("button", { name: "Next devices" }).click();
      await page.getByText("51–100 of 120", { exact: true }).waitFor();
      await page.getByRole("button", { name: "Next devices" }).click();
      await page.getByText("101–120 of 120", { exact: true }).waitFor();

      const rows = page.getByTestId("devices-table").locator("tbody tr");
      expect(await rows.count()).toBe(20);
      expect(await page.getByRole("button", { name: "Next devices" }).isDisabled()).toBe(true);
    });

    test("shows tags and attributes of its devices", async () => {
      const said = { tags: ["internal"], attributes: { region: "eu-north" } };
      pages.app.service.devices = [Object.assign(sampleDevice(1), said)];
      const page = await pages.open("fleet");

      const text = await page.getByTestId("devices-table").locator("tbody").innerText();

      expect(text).toMatch(/internal[\s\S]*region: eu-north/);
    });

    test("says when nobody has enrolled", async () => {
      const page = await pages.open("fleet");

      await page.getByText("No device has enrolled yet.").waitFor();
    });
  });

  describe("the filter", () => {
    test("leaves the devices that it means, from the first page on", async () => {
      addDevices(pages, 120);
      const page = await pages.open("fleet");
      await page.getByRole("button", { name: "Next devices" }).click();

      await page.getByTestId("filter").fill("presence == lost and serving.digits == 7");
      await page.getByText("1–20 of 20", { exact: true }).waitFor();

      expect(await page.getByTestId("devices-table").locator("tbody tr").count()).toBe(20);
    });

    test("shows a mistake at its place and keeps the devices that were shown", async () => {
      addDevices(pages, 3);
      const page = await pages.open("fleet");
      await page.getByRole("link", { name: "device-3" }).waitFor();

      await page.getByTestId("filter").fill("presence = lost");
      const place = page.locator(".filter-place mark");
      await place.waitFor();

      expect(await place.textContent()).toBe("=");
      expect(await page.getByTestId("filter-problem").innerText()).toContain("write ==");
      expect(await page.getByTestId("filter").getAttribute("aria-invalid")).toBe("true");
      expect(await page.getByTestId("devices-table").locator("tbody tr").count()).toBe(3);
    });

    test.each(["((((", "💥 == 1", `"`, "tag == <img src=x onerror=alert(1)>", "x".repeat(3000)])(
      "answers nonsense with a sentence: %j",
      async (nonsense) => {
        const page = await pages.open("fleet");

        await page.getByTestId("filter").fill(nonsense);

        await page.locator(".filter-problem .field-error, [data-testid=devices-card] .problem").waitFor();
        expect(await page.locator("main img").count()).toBe(0);
      },
    );

    test("does not move what stands below it when a mistake appears", async () => {
      addDevices(pages, 3);
      const page = await pages.open("fleet");
      await page.getByRole("link", { name: "device-3" }).waitFor();
      const table = page.getByTestId("devices-table");
      const before = await table.boundingBox();

      await page.getByTestId("filter").fill("presence = lost");
      await page.locator(".filter-place mark").waitFor();

      expect((await table.boundingBox())?.y).toBe(before?.y);
    });
  });

  describe("one device", () => {
    test("is opened from the list by keyboard, and the focus goes with it", async () => {
      addDevices(pages, 3);
      const page = await pages.open("fleet");

      await page.getByRole("link", { name: "device-2" }).focus();
      await page.keyboard.press("Enter");
      await page.getByTestId("device-page").waitFor();

      expect(await page.evaluate(() => document.activeElement?.id)).toBe("content");
      expect(await page.title()).toBe("device-2 · Fleet · Fedge");
    });

    test("shows its way through rollouts with states, codes and times", async () => {
      addDevices(pages, 121);
      addRollout(pages, runningRollout());
      const page = await pages.open("fleet/device-121");

      const entry = await page.getByTestId("timeline").getByRole("listitem").first().innerText();

      expect(entry).toMatch(/failed\s+digits-7-staged\s+wave 2, attempt 2/);
      expect(entry).toContain("(1 min ago)");
      expect(entry).toContain("MODEL_GOLDEN_MISMATCH");
      expect(entry).toContain("nothing has changed on the device");
      expect(entry).toContain("known inputs gave other answers than they must: golden output 3 differs");
    });

    test("that nobody knows is said to be unknown", async () => {
      addDevices(pages, 1);
      const page = await pages.open("fleet/nobody");

      expect(await page.getByTestId("device-problem").innerText()).toContain("there is no device nobody");
    });

    test("gets and loses a tag", async () => {
      addDevices(pages, 1);
      const page = await pages.open("fleet/device-1", PEOPLE.bob);

      await page.getByTestId("tag-input").fill("internal");
      await page.keyboard.press("Enter");
      const remove = page.getByRole("button", { name: "Remove tag internal" });
      await remove.waitFor();
      expect([...pages.app.deviceAdmin.tags.values()]).toEqual([["internal"]]);
      await remove.click();
      await remove.waitFor({ state: "detached" });

      expect([...pages.app.deviceAdmin.tags.values()]).toEqual([[]]);
    });

    test("keeps its tags when the new one is no tag, and says why", async () => {
      addDevices(pages, 1);
      const page = await pages.open("fleet/device-1", PEOPLE.bob);

      await page.getByTestId("tag-input").fill("not a tag!");
      await page.getByTestId("tag-add").click();

      expect(await page.getByTestId("tags-problem").innerText()).toContain("letters, digits");
    });

    test("is taken out of service only after asking", async () => {
      addDevices(pages, 1);
      const page = await pages.open("fleet/device-1", PEOPLE.bob);

      await page.getByTestId("decommission").click();
      expect(await page.getByTestId("dialog").innerText()).toContain("It cannot be taken back");
      expect(pages.app.deviceAdmin.decommissioned).toEqual([]);
      await page.getByTestId("reason").fill("lost on a train");
      await page.getByTestId("dialog-confirm").click();
      await page.getByText("Out of service:").waitFor();

      expect(pages.app.deviceAdmin.decommissioned).toEqual([
        { deviceId: "device-1", reason: "lost on a train" },
      ]);
    });

    test("is left as it is by a viewer, who is told why", async () => {
      addDevices(pages, 1);
      const page = await pages.open("fleet/device-1", PEOPLE.vera);

      expect(await page.getByTestId("decommission").getAttribute("aria-disabled")).toBe("true");
      expect(await page.getByTestId("tags").innerText()).toContain("operator or admin");
      expect(await page.getByTestId("tag-input").count()).toBe(0);
    });
  });

  describe("everywhere", () => {
    test.each(["fleet", "fleet/device-1"])("%s fits a small phone", async (path) => {
      addDevices(pages, 60);
      addRollout(pages, runningRollout());
      const page = await pages.open(path, PEOPLE.bob, { viewport: SMALL_PHONE });
      await page.locator(".card h2").first().waitFor();

      expect(await scrollsSideways(page)).toBe(false);
    });

    test("the navigation leads to the pages of apps that the server has", async () => {
      pages.app.service.appPages = ["/keyboard/"];
      const page = await pages.open("fleet");

      const link = page.getByRole("navigation").getByRole("link", { name: "Keyboard" });

      expect(await link.getAttribute("href")).toBe("/keyboard/");
    });

    test("every control has a name", async () => {
      addDevices(pages, 60);
      const page = await pages.open("fleet", PEOPLE.bob);
      await page.getByTestId("devices-table").locator("tbody").waitFor();

      expect(await unnamedControls(page)).toEqual([]);
    });
  });
});
