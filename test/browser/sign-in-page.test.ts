import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ADMIN_TOKEN } from "../../aggregator/src/http/testing/app-double.js";
import { MACHINE } from "../../aggregator/src/people/caller.js";
import { PASSWORD } from "../../aggregator/src/people/testing/people-double.js";
import { hasChromium } from "./chromium.js";
import { DashboardPages, SMALL_PHONE, scrollsSideways, unnamedControls } from "./dashboard-pages.js";
import { PEOPLE } from "./dashboard-people.js";

describe.skipIf(!hasChromium)("signing in to the page (needs chromium)", () => {
  let pages: DashboardPages;
  beforeAll(async () => {
    pages = await DashboardPages.start();
  });
  beforeEach(async () => {
    await pages.renew();
    await addPeople();
  });
  afterAll(() => pages.close());

  /** A server that lets nobody read whom it does not know; Bob and Dana have accounts. */
  async function closeReads(): Promise<void> {
    await pages.renew({ allowOpenReads: false });
    await addPeople();
  }

  async function addPeople(): Promise<void> {
    await pages.join(PEOPLE.bob);
    await pages.join(PEOPLE.dana);
  }

  async function invitation(): Promise<string> {
    const { code } = await pages.app.people.people.accounts.invite(MACHINE, { role: "admin", name: null });
    return code;
  }

  async function giveCredentials(page: Page, name: string, password: string): Promise<void> {
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Password").fill(password);
    await page.keyboard.press("Enter");
  }

  describe("with name and password", () => {
    test("is asked for where nobody reads unknown, and leads to the page that was wanted", async () => {
      await closeReads();
      const page = await pages.open("fleet");

      await giveCredentials(page, "bob", PASSWORD);

      await page.getByTestId("fleet-page").waitFor();
      expect(await page.getByTestId("who").innerText()).toContain("bob");
    });

    test("that are wrong says so, keeps the name and empties the password", async () => {
      await closeReads();
      const page = await pages.open("fleet");

      await giveCredentials(page, "bob", "wrong password here");
      await page.getByText("name or password is wrong").waitFor();

      expect(await page.getByLabel("Name").inputValue()).toBe("bob");
      expect(await page.getByLabel("Password").inputValue()).toBe("");
    });

    test("is offered where anybody may look, and then lets one steer", async () => {
      const page = await pages.open("rollouts");
      expect(await page.getByTestId("new-rollout").getAttribute("aria-disabled")).toBe("true");

      await page.getByTestId("sign-in-link").click();
      await giveCredentials(page, "dana", PASSWORD);
      await page.getByTestId("who").waitFor();

      expect(await page.getByTestId("new-rollout").getAttribute("aria-disabled")).toBe("false");
    });

    test("survives a reload, and no script of the page can read the session", async () => {
      const page = await pages.open("sign-in");
      await giveCredentials(page, "bob", PASSWORD);
      await page.getByTestId("who").waitFor();

      await page.reload();
      await page.getByTestId("who").waitFor();

      const seen = await page.evaluate(() => [
        document.cookie,
        ...Object.values({ ...localStorage }),
        ...Object.values({ ...sessionStorage }),
      ]);
      expect(seen.join("")).not.toContain("fedge_session");
    });
  });

  describe("with an invitation", () => {
    test("makes an account, signs in, and leaves no code in the address or the history", async () => {
      const code = await invitation();
      const page = await pages.open(`invitation=${code}`);

      await giveCredentials(page, "ana", PASSWORD);
      await page.getByTestId("who").waitFor();

      expect(await page.getByTestId("who").innerText()).toContain("ana");
      expect(page.url()).not.toContain(code);
      await page.goBack();
      expect(page.url()).not.toContain(code);
    });

    test("says before how long the password must be", async () => {
      const page = await pages.open(`invitation=${await invitation()}`);

      const password = page.getByLabel("Password");

      const hint = await password.getAttribute("aria-describedby");
      expect(await page.locator(`[id="${hint ?? ""}"]`).innerText()).toContain("At least 12 characters");
    });

    test("that was used already says so", async () => {
      const page = await pages.open(`invitation=${"x".repeat(43)}`);

      await giveCredentials(page, "ana", PASSWORD);

      await page.getByText("this invitation was used").waitFor();
    });

    test("is asked for even where nobody reads unknown", async () => {
      await closeReads();
      const page = await pages.open(`invitation=${await invitation()}`);

      await page.getByTestId("invitation").waitFor();
    });
  });

  describe("with a token", () => {
    test("opens the page", async () => {
      await closeReads();
      const page = await pages.open("rounds");

      await page.getByRole("button", { name: "Use a token" }).click();
      await page.getByLabel("Token").fill(ADMIN_TOKEN);
      await page.getByRole("button", { name: "Open" }).click();
      await page.getByTestId("getting-started").waitFor();

      expect(await page.getByTestId("who").innerText()).toContain("admin-token");
    });

    test("that is wrong says so", async () => {
      await closeReads();
      const page = await pages.open("rounds");

      await page.getByRole("button", { name: "Use a token" }).click();
      await page.getByLabel("Token").fill("nonsense");
      await page.getByRole("button", { name: "Open" }).click();

      await page.getByText("The server did not accept this token.").waitFor();
    });
  });

  describe("who is signed in", () => {
    test("sees his name, his role and what he may change", async () => {
      const page = await pages.open("rounds", PEOPLE.bob);

      await page.getByTestId("who").click();

      expect(await page.getByTestId("who-panel").innerText()).toMatch(
        /bob\s+operator\s+May change: devices, propose, rollouts, approve/,
      );
    });

    test("signs out, and sees nothing more where nobody reads unknown", async () => {
      await closeReads();
      const page = await pages.open("rollouts", PEOPLE.bob);
      await page.getByTestId("rollouts-page").waitFor();

      await page.getByTestId("who").click();
      await page.getByTestId("sign-out").click();

      await page.getByTestId("credentials").waitFor();
      expect(await page.getByTestId("rollouts-page").count()).toBe(0);
    });

    test("closes his menu with Escape", async () => {
      const page = await pages.open("rounds", PEOPLE.bob);
      await page.getByTestId("who").click();

      await page.keyboard.press("Escape");

      await page.getByTestId("who-panel").waitFor({ state: "detached" });
      expect(await page.evaluate(() => document.activeElement?.getAttribute("data-testid"))).toBe("who");
    });

    test("whose session has ended is asked again when he does something", async () => {
      pages.app.service.devices = [];
      await closeReads();
      const page = await pages.open("rollouts/+new", PEOPLE.bob);
      await page.getByTestId("create-form").waitFor();

      await pages.app.people.people.accounts.change(MACHINE, "bob", { disabled: true });
      await page.getByTestId("nav-fleet").click();

      await page.getByTestId("credentials").waitFor();
    });
  });

  test.each(["sign-in", `invitation=${"c".repeat(43)}`])(
    "%s fits a small phone, and all is named",
    async (path) => {
      const page = await pages.open(path, null, { viewport: SMALL_PHONE });
      await page.getByTestId("credentials").waitFor();

      expect(await scrollsSideways(page)).toBe(false);
      expect(await unnamedControls(page)).toEqual([]);
    },
  );
});
