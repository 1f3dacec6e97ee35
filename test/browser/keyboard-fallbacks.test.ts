import { startServer, type RunningServer } from "@fedge/aggregator";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasChromium, startChromiumWithoutSiteData } from "./chromium.js";
import { buildKeyboardFiles } from "./keyboard-page-build.js";

describe.skipIf(!hasChromium)("the keyboard's page where less is allowed (needs chromium)", () => {
  let directory = "";
  let page = "";
  let server: RunningServer;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "fedge-keyboard-less-"));
    page = await buildKeyboardFiles();
    server = await startServer({
      ...{ host: "127.0.0.1", httpPort: 0, mqttPort: 0, logLevel: "silent" },
      stateDirectory: join(directory, "server"),
      appPages: [{ path: "/keyboard/", directory: page }],
    });
  });
  afterAll(async () => {
    await server.close();
    for (const made of [directory, page]) await rm(made, { recursive: true, force: true });
  });

  async function openIn(profile: BrowserContext, failures: string[] = []): Promise<Page> {
    const tab = await profile.newPage();
    tab.on("pageerror", (error) => failures.push(error.message));
    await tab.goto(`${server.httpUrl}/keyboard/`);
    await tab.getByTestId("light").filter({ hasText: "Online" }).waitFor();
    return tab;
  }

  test("a browser that blocks site data types, connects, and says that nothing is kept", async () => {
    const failures: string[] = [];
    const profile = await startChromiumWithoutSiteData(join(directory, "blocked"));
    const tab = await openIn(profile, failures);
    await tab.getByTestId("field").fill("see you soon");
    await tab.keyboard.press("Enter");
    await tab.getByText("see you soon").first().waitFor();

    expect(failures).toEqual([]);
    expect(await tab.getByTestId("problem").textContent()).toContain("nothing");
    await profile.close();
  });
});
