import { DEMO_WORDS, Vocabulary } from "@fedge/browser-demo/words";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../e2e/waiting.js";
import { found, tracesOfIds, tracesOfText, type Trace } from "../privacy/encodings.js";
import { RecordingProxy, plainBytes } from "../privacy/recording-proxy.js";
import { hasChromium, startChromium } from "./chromium.js";
import { DemoProcess } from "./demo-process.js";
import { field } from "./keyboard-pages.js";

/** A word that no model knows, and a sentence of words that it does, in an order that nobody else says. */
const STRANGE_WORD = "quartzlimerick";
const KNOWN_SENTENCE = "saffron thunder violin crane orange basket";
const TRAININGS = 2;
const WITHIN_MS = 180_000;

describe.skipIf(!hasChromium)("a recording of everything that leaves a page (needs chromium)", () => {
  let demo: DemoProcess;
  let proxy: RecordingProxy;
  let browser: Browser;
  let tab: Page;

  beforeAll(async () => {
    [demo, browser] = await Promise.all([DemoProcess.start(4), startChromium()]);
    proxy = await RecordingProxy.start(Number(new URL(demo.url).port));
    tab = await browser.newPage();
    await tab.goto(`http://127.0.0.1:${proxy.port}/keyboard/`);
    await field(tab).waitFor();
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    await proxy.close();
    await demo.close();
  });

  test("holds nothing of what was typed, logged, labelled and trained on, in any encoding", async () => {
    const vocabulary = new Vocabulary(DEMO_WORDS);
    const known = KNOWN_SENTENCE.split(" ").filter((word) => DEMO_WORDS.includes(word));
    const ids = known.map((word) => vocabulary.idOf(word));
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
    const traces: readonly Trace[] = [
      ...tracesOfText(STRANGE_WORD),
      ...tracesOfText(known.join(" ")),
      ...tracesOfText(known.slice(0, 2).join(" ")),
      ...tracesOfIds(ids),
      ...tracesOfIds(ids.slice(0, 3)),
    ];
    expect(found(traces, everything)).toEqual([]);
    // The recording is whole: the device's own messages and the updates are in it.
    expect(found(tracesOfText("runtimeVersion"), everything)).toContain("UTF-8");
    expect(everything.length).toBeGreaterThan(TRAININGS * 100_000);
  });
});
