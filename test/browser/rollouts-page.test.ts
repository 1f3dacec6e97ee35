import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ROLLOUT_COMMANDS, type RolloutState } from "../../aggregator/src/rollouts/rollout-view.js";
import { hasChromium } from "./chromium.js";
import { DashboardPages, SMALL_PHONE, scrollsSideways, unnamedControls } from "./dashboard-pages.js";
import { addRollout, addVersions, rolloutIn, runningRollout } from "./dashboard-samples.js";
import { PEOPLE } from "./dashboard-people.js";

const ONE = "rollouts/digits-7-staged";

describe.skipIf(!hasChromium)("the Rollouts page (needs chromium)", () => {
  let pages: DashboardPages;
  beforeAll(async () => {
    pages = await DashboardPages.start();
  });
  beforeEach(() => pages.renew());
  afterAll(() => pages.close());

  /** Asks for a command and gives the reason; the dialog stays open until it is confirmed. */
  async function ask(page: Page, command: string, reason: string): Promise<void> {
    await page.getByTestId(`command-${command}`).click();
    await page.getByTestId("reason").fill(reason);
  }

  describe("the list", () => {
    test("names every rollout with its state in words", async () => {
      addRollout(pages, rolloutIn("paused"));
      addRollout(pages, rolloutIn("waiting-approval"));
      const page = await pages.open("rollouts");

      const text = await page.getByTestId("rollouts-table").innerText();

      expect(text).toContain("paused: a metric got worse");
      expect(text).toContain("waiting for approval");
    });

    test("shows the way to the first rollout while there is none", async () => {
      const page = await pages.open("rollouts", PEOPLE.bob);

      expect(await page.getByTestId("first-rollout").innerText()).toContain("fedge rollout create");
    });

    test("grows by itself when somebody creates a rollout", async () => {
      const page = await pages.open("rollouts");
      await page.getByTestId("first-rollout").waitFor();

      pages.app.rollouts.put(rolloutIn("ready"));

      await page.getByRole("link", { name: "digits-7-ready" }).waitFor();
    });
  });

  describe("one rollout", () => {
    test("shows each wave with its share, its state and its devices", async () => {
      addRollout(pages, runningRollout());
      const page = await pages.open(ONE);

      const wave = page.getByTestId("wave-1");

      expect(await wave.innerText()).toMatch(/1 %[\s\S]*soaking[\s\S]*80 of 100 committed, 1 failed/);
      expect(await wave.innerText()).toMatch(/soaks 3 h 00 min \d\d s more/);
      expect(await wave.getByRole("img").getAttribute("aria-label")).toContain("6 on probation");
    });

    test("says what a gate compared, in words and in the picture's label", async () => {
      addRollout(pages, runningRollout());
      const page = await pages.open(ONE);

      const gate = page.getByTestId("gate-error-rate");

      expect(await gate.innerText()).toContain("not worse than the control cohort");
      expect(await gate.getByRole("img").getAttribute("aria-label")).toBe(
        "error rate: 2.10 % in the wave, 2.00 % in the control cohort, difference between -0.40 % and 0.60 %, would fail at 3.00 %",
      );
    });

    test("shows the gates of the wave that is chosen", async () => {
      addRollout(pages, runningRollout());
      const page = await pages.open(ONE);

      await page.getByTestId("wave-0").click();

      expect(await page.getByTestId("gates").getByRole("listitem").count()).toBe(1);
    });

    test("follows what happens without a reload", async () => {
      const rollout = addRollout(pages, runningRollout());
      const page = await pages.open(ONE);
      await page.getByTestId("rollout-reason").waitFor();

      pages.app.rollouts.put({
        ...rollout,
        state: "paused",
        pauseReason: "inconclusive",
        reason: "too few reports",
      });

      await page.getByText("paused: not enough is known").waitFor();
    });

    test("lists who did what and why, the newest first", async () => {
      addRollout(pages, runningRollout());
      const page = await pages.open(ONE);

      const rows = page.getByTestId("history-table").locator("tbody tr");
      await rows.first().waitFor();

      expect(await rows.nth(1).innerText()).toMatch(/bob\s+start\s+quiet evening/);
      expect(await rows.nth(2).innerText()).toContain("dana");
    });

    test("shows the devices in one state with their codes", async () => {
      addRollout(pages, runningRollout());
      const page = await pages.open(ONE);

      await page.getByTestId("target-state").selectOption("failed");
      await page.getByText("1–1 of 1").waitFor();

      expect(await page.getByTestId("targets-table").locator("tbody").innerText()).toContain(
        "MODEL_GOLDEN_MISMATCH",
      );
    });

    test("pages through its devices", async () => {
      addRollout(pages, runningRollout());
      const page = await pages.open(ONE);
      await page.getByText("1–50 of 121").waitFor();

      await page.getByRole("button", { name: "Next devices" }).click();
      await page.getByRole("button", { name: "Next devices" }).click();

      await page.getByText("101–121 of 121").waitFor();
      expect(await page.getByRole("button", { name: "Next devices" }).isDisabled()).toBe(true);
    });

    test("says so when there is no such rollout", async () => {
      const page = await pages.open("rollouts/nothing", PEOPLE.bob);

      expect(await page.getByTestId("rollout-problem").innerText()).toContain("there is no rollout nothing");
    });
  });

  describe("a command", () => {
    const STATE_FOR: Readonly<Record<(typeof ROLLOUT_COMMANDS)[number], RolloutState>> = {
      approve: "waiting-approval",
      deny: "waiting-approval",
      start: "ready",
      pause: "running",
      resume: "paused",
      promote: "running",
      "retry-failed": "running",
      abort: "running",
      rollback: "running",
    };

    test.each(ROLLOUT_COMMANDS)(
      "%s asks first, then is sent with its reason and what was seen",
      async (command) => {
        const rollout = addRollout(pages, rolloutIn(STATE_FOR[command], { revision: 17 }));
        const page = await pages.open(`rollouts/${rollout.rolloutId}`, PEOPLE.bob);
        const sent = page.waitForRequest((request) => request.url().endsWith(`/${command}`));

        await ask(page, command, "because I looked");
        expect(pages.app.rollouts.commands).toEqual([]);
        await page.getByTestId("dialog-confirm").click();

        expect((await sent).postDataJSON()).toEqual({ reason: "because I looked", revision: 17 });
        await page.getByTestId("dialog").waitFor({ state: "detached" });
        expect(pages.app.rollouts.commands.map((given) => given.command)).toEqual([command]);
      },
    );

    test("says before how many devices it is about", async () => {
      addRollout(pages, runningRollout());
      const page = await pages.open(ONE, PEOPLE.bob);

      await page.getByTestId("command-rollback").click();

      // 12 + 80 committed, and 6 on probation, 4 installing, 1 told.
      expect(await page.getByTestId("dialog").innerText()).toContain("by a new signed release: 103 devices");
    });

    test("is not sent without a reason, nor when it is cancelled", async () => {
      addRollout(pages, runningRollout());
      const page = await pages.open(ONE, PEOPLE.bob);

      await ask(page, "abort", "   ");
      expect(await page.getByTestId("dialog-confirm").isDisabled()).toBe(true);
      await page.getByTestId("dialog-cancel").click();

      expect(await page.getByTestId("dialog").count()).toBe(0);
      expect(pages.app.rollouts.commands).toEqual([]);
    });

    test("that the server refuses keeps the dialog and says why", async () => {
      addRollout(pages, rolloutIn("scheduled"));
      const page = await pages.open("rollouts/digits-7-scheduled", PEOPLE.bob);

      await ask(page, "start", "now");
      await page.getByTestId("dialog-confirm").click();

      expect(await page.getByTestId("dialog-problem").innerText()).toContain("start works on ready");
      expect(await page.getByTestId("reason").inputValue()).toBe("now");
    });

    test("is given by keyboard alone, and the focus comes back to its button", async () => {
      addRollout(pages, runningRollout());
      const page = await pages.open(ONE, PEOPLE.bob);
      await page.getByTestId("command-promote").focus();

      await page.keyboard.press("Enter");
      await page.keyboard.type("good enough");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await page.getByTestId("dialog").waitFor({ state: "detached" });

      expect(pages.app.rollouts.commands[0]?.reason).toBe("good enough");
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Promote");
    });

    test("is left by Escape", async () => {
      addRollout(pages, runningRollout());
      const page = await pages.open(ONE, PEOPLE.bob);
      await page.getByTestId("command-pause").click();

      await page.keyboard.press("Escape");

      await page.getByTestId("dialog").waitFor({ state: "detached" });
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Pause");
    });
  });

  describe("when somebody else was faster", () => {
    /** Bob pauses while Cleo is typing her reason; her page has not heard of it yet. */
    async function overtaken(): Promise<Page> {
      const rollout = addRollout(pages, runningRollout());
      const page = await pages.open(ONE, PEOPLE.cleo);
      await ask(page, "abort", "too many failures");
      const paused = {
        ...rollout,
        state: "paused",
        pauseReason: "operator",
        revision: 6,
        reason: "looks slow",
      } as const;
      pages.app.rollouts.rollouts = [paused];
      pages.app.rollouts.historyOf.get(rollout.rolloutId)?.push({
        ...{ seq: 4, atMs: Date.now() - 12_500, actor: "bob", event: "pause", reason: "looks slow" },
      });
      await page.getByTestId("dialog-confirm").click();
      await page.getByTestId("conflict").waitFor();
      return page;
    }

    test("says who did what, when and why, and has sent nothing", async () => {
      const page = await overtaken();

      expect(await page.getByTestId("conflict").innerText()).toMatch(
        /bob paused this rollout 1[1-9] s ago \(“looks slow”\)\./,
      );
      expect(pages.app.rollouts.commands).toEqual([]);
    });

    test("the page behind shows what is true now", async () => {
      const page = await overtaken();

      expect(await page.getByTestId("rollout-state").textContent()).toBe("paused: by a person");
    });

    test("who still wants it sends it with what he sees now, and keeps his reason", async () => {
      const page = await overtaken();
      const sent = page.waitForRequest((request) => request.url().endsWith("/abort"));

      await page.getByTestId("dialog-confirm").click();

      expect((await sent).postDataJSON()).toEqual({ reason: "too many failures", revision: 6 });
    });

    test("what means nothing any more cannot be sent again", async () => {
      const rollout = addRollout(pages, runningRollout());
      const page = await pages.open(ONE, PEOPLE.cleo);
      await ask(page, "pause", "slow");
      pages.app.rollouts.rollouts = [{ ...rollout, state: "paused", pauseReason: "operator", revision: 6 }];

      await page.getByTestId("dialog-confirm").click();
      await page.getByTestId("conflict").waitFor();

      expect(await page.getByTestId("dialog-confirm").isDisabled()).toBe(true);
      expect(await page.getByTestId("dialog").innerText()).toContain("Pause needs a rollout that is running");
    });
  });

  describe("roles", () => {
    test.each([
      ["a viewer", PEOPLE.vera, "Your role (viewer) may not do this"],
      ["nobody", null, "Sign in first"],
    ])("%s can press no button, and every button says why", async (_name, who, why) => {
      addRollout(pages, runningRollout());
      const page = await pages.open(ONE, who);
      await page.getByTestId("actions").waitFor();

      for (const button of await page.getByTestId("actions").getByRole("button").all()) {
        expect(await button.getAttribute("aria-disabled")).toBe("true");
        expect(await button.getAttribute("title")).toContain(why);
      }
    });

    test("a data scientist proposes rollouts, but steers and approves none", async () => {
      addRollout(pages, { ...rolloutIn("waiting-approval"), createdBy: "somebody" });
      const page = await pages.open("rollouts", PEOPLE.dana);
      const create = page.getByTestId("new-rollout");
      await expect.poll(() => create.getAttribute("aria-disabled")).toBe("false");

      await page.getByRole("link", { name: "digits-7-waiting-approval" }).click();

      for (const command of ["approve", "start"]) {
        const button = page.getByTestId(`command-${command}`);
        expect(await button.getAttribute("title")).toContain("this takes the role operator or admin");
      }
    });

    test("who created a rollout is told that somebody else approves it", async () => {
      addRollout(pages, { ...rolloutIn("waiting-approval"), createdBy: "bob" });
      const page = await pages.open("rollouts/digits-7-waiting-approval", PEOPLE.bob);

      expect(await page.getByTestId("command-approve").getAttribute("title")).toContain("somebody else");
    });

    test("a button that is refused opens nothing", async () => {
      addRollout(pages, runningRollout());
      const page = await pages.open(ONE, PEOPLE.vera);

      await page.getByTestId("command-pause").focus();
      await page.keyboard.press("Enter");

      expect(await page.getByTestId("dialog").count()).toBe(0);
    });
  });

  describe("everywhere", () => {
    test.each(["rollouts", ONE, "rollouts/+new"])("%s fits a small phone", async (path) => {
      addRollout(pages, runningRollout());
      addVersions(pages);
      const page = await pages.open(path, PEOPLE.bob, { viewport: SMALL_PHONE });
      await page.locator(".card").first().waitFor();

      expect(await scrollsSideways(page)).toBe(false);
    });

    test("every control has a name", async () => {
      addRollout(pages, runningRollout());
      const page = await pages.open(ONE, PEOPLE.bob);
      await page.getByTestId("targets-table").locator("tbody").waitFor();
      await page.getByTestId("command-abort").click();

      expect(await unnamedControls(page)).toEqual([]);
    });

    test("nothing of the page breaks its own content security policy", async () => {
      addRollout(pages, runningRollout());
      const page = await pages.open("rollouts", PEOPLE.bob);
      const said: string[] = [];
      page.on("console", (message) => said.push(message.text()));

      await page.getByRole("link", { name: "digits-7-staged" }).click();
      await page.getByTestId("targets-table").locator("tbody").waitFor();

      expect(said).toEqual([]);
    });
  });
});
