import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../e2e/waiting.js";
import { found, tracesOfText } from "../privacy/encodings.js";
import { RecordingProxy, plainBytes } from "../privacy/recording-proxy.js";
import { KNOWN_WORDS, STRANGE_WORD, tracesOfTyped } from "../privacy/typed-canaries.js";
import { hasChromium, startChromiumBehind } from "./chromium.js";
import { DemoProcess } from "./demo-process.js";
import { field } from "./keyboard-pages.js";

const TRAININGS = 2;
const WITHIN_MS = 180_000;

describe.skipIf(!hasChromium)("a recording of everything that leaves a page (needs chromium)", () => {
  let demo: DemoProcess;
  let proxy: RecordingProxy;
  let browser: Browser;
  let tab: Page;

  beforeAll(async () => {
    demo = await DemoProcess.start(4);
    proxy = await RecordingProxy.start(Number(new URL(demo.url).port));
    browser = await startChromiumBehind(proxy.port);
    tab = await browser.newPage();
    await tab.goto(`http://127.0.0.1:${proxy.port}/keyboard/`);
    await field(tab).waitFor();
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    await proxy.close();
    await demo.close();
  });

  test("has no way around it: the page reaches the server through the recording alone", async () => {
    const reached = (url: string): Promise<boolean> =>
      tab.evaluate(
        (address) =>
          fetch(address, { mode: "no-cors" }).then(
            () => true,
            () => false,
          ),
        url,
      );

    expect([await reached(`http://127.0.0.1:${proxy.port}/`), await reached(demo.url)]).toEqual([
      true,
      false,
    ]);
  });

  test("holds nothing of what was typed, logged, labelled and trained on, in any encoding", async () => {
    const known = KNOWN_WORDS;
    expect(known.length).toBeGreaterThanOrEqual(4);
    await eventually("a version to come", async () =>
      /\d/.test(await tab.getByTestId("version").innerText()) ? true : undefined,
    );
    for (const consent of ["consent-training", "consent-reporting"]) await tab.getByTestId(consent).click();

    for (let time = 0; time < 20; time += 1) {
      await field(tab).fill(`${known.join(" ")} `);
      await tab.keyboard.press("Alt+1");
      await field(tab).press("Enter");
      await field(tab).fill(`${STRANGE_WORD} ${known.join(" ")}`);
      await field(tab).press("Enter");
    }
    await eventually("the words to be in the log", async () =>
      Number.parseInt(await tab.getByTestId("log-rows").innerText()) >= 5 ? true : undefined,
    );
    await tab.getByTestId("train").click();
    await eventually(
      "updates to be sent",
      async () => {
        const sent = /in the last (\d+) updates?/.exec(await tab.getByTestId("sent-count").innerText());
        return Number(sent?.[1] ?? 0) >= TRAININGS ? true : undefined;
      },
      WITHIN_MS,
    );
    await tab.getByTestId("erase").click();
    await tab.getByTestId("erase-confirm").click();
    await eventually("the erased page to be online again", async () =>
      (await tab.getByTestId("light").innerText()) === "Online" ? true : undefined,
    );

    const everything = Buffer.concat(proxy.sent.map(plainBytes));
    expect(proxy.isPacked).toBe(false);
    expect(found(tracesOfTyped(), everything)).toEqual([]);
    // The recording is whole: the device's own messages and the updates are in it.
    expect(found(tracesOfText("runtimeVersion"), everything)).toContain("UTF-8");
    expect(everything.length).toBeGreaterThan(TRAININGS * 100_000);
  });
});
