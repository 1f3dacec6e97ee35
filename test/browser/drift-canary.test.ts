import type { RunningServer } from "@fedge/aggregator";
import type { CategoricalFeature } from "@fedge/protocol/profile";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { normalFeature, sampleProfile } from "../../aggregator/src/drift/testing/sample-profile.js";
import { INPUTS } from "../e2e/digits-task.js";
import { eventually } from "../e2e/waiting.js";
import { startCloudsServer } from "../faults/clouds-server.js";
import { importWatched } from "../faults/watched-model.js";
import { found, tracesOfText } from "../privacy/encodings.js";
import { RecordingProxy, plainBytes } from "../privacy/recording-proxy.js";
import {
  FIELD_NUMBER,
  INPUT_NUMBERS,
  LABEL_NUMBERS,
  NOTE,
  UNSEEN_PLACE,
  tracesOfRow,
} from "../privacy/row-canaries.js";
import { buildPageFiles } from "./built-page.js";
import { hasChromium, startChromiumBehind } from "./chromium.js";
import type { GivenRow } from "./logging-page/logging.js";

const MODEL = "digits";
const PATH = "/logging/";
const WINDOW_MS = 2000;
const ROW: GivenRow = {
  input: [...INPUT_NUMBERS, ...Array<number>(INPUTS - INPUT_NUMBERS.length).fill(0)],
  fields: { place: UNSEEN_PLACE, note: NOTE, amount: FIELD_NUMBER },
  label: LABEL_NUMBERS,
};
const PLACE: CategoricalFeature = {
  ...{ kind: "categorical", name: "place", source: { take: "field", name: "place" } },
  ...{ role: "input", privacy: "public", importance: 1, required: false, mostly: 0.5, isClosed: false },
  ...{ categories: ["harbour", "market"], counts: [25_000, 25_000, 0, 0, 0] },
  floors: { jensenShannon: 0.1, psi: 0.1, meanShift: 0.25 },
};

/** Looks at every number and text of the row but the note. */
function watchedProfile() {
  const inputs = INPUT_NUMBERS.map((_, at) =>
    normalFeature(`x${at}`, { source: { take: "value", of: "input", name: "input", at } }),
  );
  const truth = { take: "value", of: "label", name: "target", at: 0 } as const;
  const later = [
    normalFeature("amount"),
    normalFeature("truth", { source: truth, role: "label", required: false }),
  ];
  return sampleProfile({
    features: [...inputs, PLACE, ...later],
    window: { lengthMs: WINDOW_MS, minRows: 10 },
    outcomes: { numClasses: 0, output: "logits" },
  });
}

describe.skipIf(!hasChromium)(
  "a recording of everything that leaves a page with a monitor (needs chromium)",
  () => {
    let directory = "";
    let server: RunningServer;
    let proxy: RecordingProxy;
    let browser: Browser;
    let tab: Page;
    let files: Awaited<ReturnType<typeof buildPageFiles>>;

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), "fedge-page-canary-"));
      files = await buildPageFiles("logging-page");
      const appPages = [{ path: PATH, directory: files.outDir }];
      server = await startCloudsServer(join(directory, "server"), { appPages });
      await importWatched(server, watchedProfile(), "mean-squared-error");
      proxy = await RecordingProxy.start(Number(new URL(server.httpUrl).port));
      browser = await startChromiumBehind(proxy.port);
      tab = await browser.newPage();
      await tab.goto(`http://127.0.0.1:${proxy.port}${PATH}`);
      await tab.evaluate((model) => logging.start(model), MODEL);
    }, 180_000);
    afterAll(async () => {
      await browser.close();
      await proxy.close();
      await server.close();
      await files.close();
      await rm(directory, { recursive: true, force: true });
    });

    const everything = (): Buffer => Buffer.concat(proxy.sent.map(plainBytes));
    const sends = (text: string): boolean => found(tracesOfText(text), everything()).includes("UTF-8");

    test("holds counts of its rows, and no value, category, note or label of them in any encoding", async () => {
      const status = () => tab.evaluate(() => logging.status());
      await eventually("the monitor", async () => (await status()).drift[MODEL]);
      await eventually("the counts of a window", async () => {
        await tab.evaluate((row) => logging.use(row), ROW);
        return sends("profile-window") && sends("serving-metrics") ? true : undefined;
      });

      // Otherwise there would be nothing that could leave, or nobody who could read it.
      expect((await status()).log.numRows).toBeGreaterThan(0);
      expect((await tab.evaluate(() => logging.newest()))?.fields).toEqual(ROW.fields);
      expect(proxy.isPacked).toBe(false);
      expect(found(tracesOfRow(), everything())).toEqual([]);
    });

    test.each<[string, string]>([
      ["a note", JSON.stringify({ note: NOTE })],
      ["an input", JSON.stringify({ x: Math.fround(INPUT_NUMBERS[1] ?? NaN) })],
      ["a label in base64", Buffer.from(Float32Array.from(LABEL_NUMBERS).buffer).toString("base64")],
    ])("would hold %s of a page that told it", async (_, body) => {
      const before = proxy.sent.length;
      await tab.evaluate(
        (told) => fetch("/told", { method: "POST", body: told }).then(() => undefined),
        body,
      );
      const told = await eventually("what was told", async () => {
        const sent = Buffer.concat(
          [...proxy.sent.slice(before), ...proxy.sent.slice(0, before)].map(plainBytes),
        );
        return sent.includes(body) ? sent : undefined;
      });

      expect(found(tracesOfRow(), told)).not.toEqual([]);
    });
  },
);
