import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import type { RolloutView } from "../../aggregator/src/rollouts/rollout-view.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repositoryRoot } from "../architecture/source-files.js";
import { eventually } from "../e2e/waiting.js";
import { hasChromium, startChromium } from "./chromium.js";
import { MODEL, NightShift } from "./night-shift.js";

const NUM_DEVICES = 40;
const PASSWORD = "a lighthouse keeps no secrets";
const DESKTOP = { width: 1280, height: 900 };

/** Screenshots go to the README's folder when asked for: they differ by a pixel on every machine. */
const imageDirectory = process.env["FEDGE_IMAGES"] === undefined ? null : join(repositoryRoot, "docs/images");

interface AuditEntry {
  readonly actor: string;
  readonly action: string;
}

describe.skipIf(!hasChromium)("a night of two operators on a real fleet (needs chromium)", () => {
  let night: NightShift;
  let browser: Browser;
  const complaints: string[] = [];
  /** Everybody in a browser of his own. */
  let ada: Page;
  let dana: Page;
  let bob: Page;
  let carla: Page;

  beforeAll(async () => {
    [night, browser] = await Promise.all([NightShift.start(NUM_DEVICES), startChromium()]);
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    await night.close();
  });

  /** Somebody follows the link of an invitation and chooses name and password. */
  async function comeIn(link: string, name: string): Promise<Page> {
    const context = await browser.newContext({ viewport: DESKTOP });
    const page = await context.newPage();
    page.setDefaultTimeout(100_000);
    page.on("pageerror", (error) => complaints.push(`${name}: ${error.message}`));
    await page.goto(link);
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Make the account" }).click();
    await page.getByTestId("who").waitFor();
    return page;
  }

  /** What the signed-in person's page would ask of the server. */
  function ask<T>(page: Page, path: string, body?: object): Promise<T> {
    return page.evaluate(
      async ([where, text]) => {
        const headers = { "Content-Type": "application/json" };
        const post = text === undefined ? {} : { method: "POST", headers, body: text };
        return (await fetch(where, post)).json() as Promise<T>;
      },
      [path, body === undefined ? undefined : JSON.stringify(body)] as const,
    );
  }

  async function invite(role: string, name: string): Promise<Page> {
    const { url } = await ask<{ url: string }>(ada, "/v1/invitations", { role, name });
    return comeIn(url, name);
  }

  async function begin(page: Page, command: string, reason: string): Promise<void> {
    await page.getByTestId(`command-${command}`).click();
    await page.getByTestId("reason").fill(reason);
  }

  /** Gives a command; where the rollout went on meanwhile, looks at what the dialog says then and confirms anew. */
  async function give(page: Page, command: string, reason: string): Promise<void> {
    await begin(page, command, reason);
    await confirm(page);
  }

  async function confirm(page: Page): Promise<void> {
    const dialog = page.getByTestId("dialog");
    for (let attempt = 0; attempt < 5 && (await dialog.count()) > 0; attempt += 1) {
      const answered = page.waitForResponse((response) => response.request().method() === "POST");
      await page.getByTestId("dialog-confirm").click();
      if ((await answered).ok()) break;
      await page.getByTestId("conflict").waitFor();
    }
    await dialog.waitFor({ state: "detached" });
  }

  function stateIs(page: Page, text: string): Promise<void> {
    return page.getByTestId("rollout-state").getByText(text, { exact: true }).waitFor();
  }

  async function photograph(page: Page, name: string, height = DESKTOP.height): Promise<void> {
    if (imageDirectory === null) return;
    await mkdir(imageDirectory, { recursive: true });
    await page.setViewportSize({ ...DESKTOP, height });
    // Where no scroll bar is painted, its place would be an empty strip.
    await page.evaluate(() => document.documentElement.style.setProperty("scrollbar-gutter", "auto"));
    await page.screenshot({ path: join(imageDirectory, `${name}.png`) });
    await page.evaluate(() => document.documentElement.style.removeProperty("scrollbar-gutter"));
    await page.setViewportSize(DESKTOP);
  }

  test("the first administrator comes in by the link of the first start, everybody else by his", async () => {
    ada = await comeIn(night.server.firstInvitationUrl ?? "", "ada");
    dana = await invite("data-scientist", "dana");
    bob = await invite("operator", "bob");
    carla = await invite("operator", "carla");

    expect(await carla.getByTestId("who").innerText()).toContain("carla");
  });

  test("a data scientist proposes the version that has learned, and may not start it", async () => {
    await dana.getByTestId("nav-rollouts").click();
    await dana.getByTestId("new-rollout").click();
    await dana.getByTestId("version").selectOption(String(night.candidate));
    await dana.getByTestId("template-quick").check();
    await dana.getByTestId("note").fill("learned from three rounds; the fleet's version guesses");
    await dana.getByTestId("needs-approval").check();
    await dana.getByText(`${NUM_DEVICES} devices match`).waitFor();
    await dana.getByTestId("create").click();
    await stateIs(dana, "waiting for approval");

    expect(await dana.getByTestId("command-start").getAttribute("aria-disabled")).toBe("true");
    expect(await dana.getByTestId("command-approve").getAttribute("aria-disabled")).toBe("true");
  });

  test("an operator approves and starts it, and sees the first wave fill and its gates with numbers", async () => {
    for (const page of [bob, carla]) {
      await page.getByTestId("nav-rollouts").click();
      await page.getByRole("link", { name: new RegExp(`^${MODEL}-${night.candidate}-`) }).click();
    }
    await give(bob, "approve", "better on held-out data");
    await stateIs(bob, "ready");
    await give(bob, "start", "a quiet evening");
    await stateIs(carla, "running");

    await bob
      .getByTestId("wave-0")
      .getByText(/^(\d+) of \1 committed$/)
      .waitFor();
    await bob
      .getByTestId("gate-prediction-error")
      .getByText(/^control$/)
      .waitFor();
  });

  test("the operator who presses Pause second is told who was faster, and sends nothing", async () => {
    await begin(bob, "pause", "the on-call phone rang");
    await begin(carla, "pause", "latency looks high");
    await confirm(bob);
    await carla.getByTestId("dialog-confirm").click();
    await carla.getByTestId("conflict").waitFor();
    await photograph(carla, "rollout-conflict");

    expect(await carla.getByTestId("conflict").innerText()).toMatch(
      /^bob paused this rollout (\d+ s ago|just now) \(“the on-call phone rang”\)\./,
    );
    expect(await carla.getByTestId("dialog").innerText()).toContain("Pause needs a rollout that is running");
    expect(await carla.getByTestId("dialog-confirm").isDisabled()).toBe(true);
    await carla.getByTestId("dialog-cancel").click();
  });

  test("the fleet shows who has which version while the rollout is paused", async () => {
    await bob.getByTestId("nav-fleet").click();
    await bob.getByTestId("filter").fill(`serving.${MODEL} == ${night.candidate} and presence == online`);
    // Who had begun before the pause ends what he has begun.
    const committed = await eventually("the fleet to show those who have committed", async () => {
      const { rollouts } = await ask<{ rollouts: RolloutView[] }>(bob, "/v1/rollouts");
      const num = rollouts[0]?.waves[0]?.byState.committed ?? 0;
      const shown = bob.getByText(`1–${num} of ${num}`, { exact: true });
      return (await shown.isVisible()) ? num : undefined;
    });
    await bob.getByTestId("versions-card").getByText(`version ${night.candidate}`, { exact: true }).waitFor();
    await photograph(bob, "fleet");

    expect(await bob.getByTestId("devices-table").locator("tbody tr").count()).toBe(committed);
    await bob.goBack();
  });

  test("a paused rollout goes on by itself once another operator has resumed it", async () => {
    await stateIs(bob, "paused: by a person");
    await give(carla, "resume", "a false alarm");
    await bob.getByTestId("wave-0").click();

    await bob
      .getByTestId("wave-1")
      .getByText(/^[1-9]\d* of \d+ committed/)
      .waitFor();
    await bob.getByTestId("gate-prediction-error").getByText("pass", { exact: true }).waitFor();
    await photograph(bob, "rollout", 1226);

    await bob.getByTestId("wave-0").getByText("passed", { exact: true }).waitFor();
    expect(await bob.getByTestId("gate-install").innerText()).toMatch(
      /(\d+) of \1 reached devices committed/,
    );
  });

  test("a person promotes a wave that he does not want to wait for", async () => {
    await give(bob, "pause", "I answer for this one");
    await give(bob, "promote", "the first wave was clean");
    await stateIs(bob, "completed");

    await night.serve(night.candidate);
  });

  test("a rollback brings every device to the version before", async () => {
    await give(bob, "rollback", "support sees complaints");
    await stateIs(bob, "rolled back");

    await night.serve(1);
  });

  test("the audit log has who did what, and who was too late", async () => {
    const { entries } = await ask<{ entries: AuditEntry[] }>(ada, "/v1/audit?limit=200");
    const people = entries.filter(
      ({ actor, action }) => !["system", "autopilot"].includes(actor) && action.startsWith("rollout."),
    );
    const deeds = people.map(({ actor, action }) => `${actor} ${action.slice("rollout.".length)}`).reverse();

    // Bob may have confirmed anew where the rollout went on while he typed.
    expect(deeds.filter((deed) => !/^bob .*-refused$/.test(deed))).toEqual([
      ...["dana create", "bob approve", "bob start", "bob paused-operator", "carla pause-refused"],
      ...["carla resume", "bob paused-operator", "bob promote", "bob wave-2-passed", "bob rolling-back"],
    ]);
    expect(await ask(ada, "/v1/audit/verify")).toMatchObject({ ok: true });
  });

  test("no prediction failed all night, and no page complained", () => {
    expect([...night.complaints, ...complaints]).toEqual([]);
  });
});
