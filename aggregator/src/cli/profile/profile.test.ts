import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logistic } from "@fedge/onnx-autodiff/zoo";
import { decodeProfile, type ReferenceProfile } from "@fedge/protocol/profile";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { runHere } from "../testing/fake-terminal.js";
import { lastJson, type FedgeRun } from "../testing/run-fedge.js";

const directory = mkdtempSync(join(tmpdir(), "fedge-profile-"));
const path = (name: string): string => join(directory, name);
const NOWHERE = ["--server", "http://127.0.0.1:1"];

beforeAll(() => {
  for (const name of ["FEDGE_SERVER", "FEDGE_TOKEN", "FEDGE_STATE"]) vi.stubEnv(name, undefined);
  const rows = Array.from({ length: 40 }, (_, at) => `${at},${at % 2 === 0 ? "red" : "blue"},${at % 3}`);
  writeFileSync(path("shop.csv"), `age,colour,label\n${rows.join("\n")}\n`);
  writeFileSync(path("logistic.onnx"), logistic({ inputs: 4, classes: 3, seed: 1 }));
  const lines = rows.map((_, at) => JSON.stringify({ input: [at, 0, 1, 2], label: at % 3, mood: "good" }));
  writeFileSync(path("rows.jsonl"), lines.join("\n"));
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

const profile = (...args: string[]): Promise<FedgeRun> => runHere(["profile", ...args]);
const written = (name: string): ReferenceProfile =>
  decodeProfile(new TextEncoder().encode(JSON.stringify(JSON.parse(readFileSync(path(name), "utf8")))));
const buildShop = (out: string): Promise<FedgeRun> =>
  profile("build", "--data", path("shop.csv"), "--model", "shop", "--out", path(out), ...NOWHERE, "--json");

describe("fedge profile outline", () => {
  const outline = (...args: string[]): Promise<FedgeRun> =>
    profile("outline", "--onnx", path("logistic.onnx"), "--model", "digits", ...args, "--json");
  const expected = ["age=0..100", "b=-1..1", "c=0..1e3", "d=0..0.5"].flatMap((one) => ["--expect", one]);
  const columns = ["--columns", "age", "b", "c", "d"];

  test("says what is expected of a model whose data nobody has in one place", async () => {
    const more = ["--fields", "place", "--expect", "place=harbour|market|3", "--leave-out", "label"];
    const run = await outline(...columns, ...expected, ...more, "--out", path("outline.json"));

    expect([run.exitCode, run.stderr]).toEqual([0, ""]);
    const { features, numRows, reviewedBy } = written("outline.json");
    expect([numRows, reviewedBy]).toEqual([0, null]);
    const ranges = features.map((feature) =>
      feature.kind === "numeric" ? [feature.edges[0], feature.edges.at(-1)] : feature.categories,
    );
    expect(Object.fromEntries(features.map(({ name }, at) => [name, ranges[at]]))).toEqual({
      ...{ age: [0, 100], b: [-1, 1], c: [0, 1000], d: [0, 0.5], place: ["harbour", "market", 3] },
      ...{ "logits prediction": [0, 1, 2], "logits top score": [0, 1] },
    });
  });

  test("is ready for a version when somebody has looked through it", async () => {
    await outline(...columns, ...expected, "--out", path("ready.json"));
    const before = await profile("check", path("ready.json"));
    await profile("review", path("ready.json"), "--by", "ada");

    expect([before.exitCode, (await profile("check", path("ready.json"))).exitCode]).toEqual([1, 0]);
  });

  test.each([
    ["nothing of a feature", columns, /nothing is expected of "age", "b", "c", "d"/],
    ["a range that is none", [...columns, "--expect", "age=9..1"], /smaller number first/],
    ["an expectation without values", ["--expect", "age"], /takes age=0..100/],
    ["too few names", ["--columns", "age"], /takes 4 numbers a row/],
    ["what is no feature", [...columns, ...expected, "--expect", "weight=0..1"], /"weight" is no feature/],
    ["to leave out what is none", [...columns, ...expected, "--leave-out", "weight"], /is no feature/],
  ])("refuses %s", async (_, args, sentence) => {
    const run = await outline(...args, "--out", path("none.json"));

    expect([run.exitCode, run.stderr]).toEqual([1, expect.stringMatching(sentence)]);
  });
});

describe("fedge profile build", () => {
  test("without a model makes features of the columns, and says that predictions are left out", async () => {
    const run = await buildShop("shop.json");

    expect([run.exitCode, run.stderr]).toEqual([0, expect.stringContaining("predictions have no reference")]);
    expect(lastJson(run)).toMatchObject({ model: "shop", numRows: 40, isExact: true, skipped: [] });
    expect(written("shop.json")).toMatchObject({
      reviewedBy: null,
      features: [
        { name: "age", kind: "numeric", mean: 19.5 },
        { name: "colour", categories: ["blue", "red"], counts: [20, 20, 0, 0, 0] },
        { name: "label", kind: "numeric" },
      ],
    });
  });

  test("runs a model on the rows for what it predicts of them", async () => {
    const args = ["--data", path("rows.jsonl"), "--onnx", path("logistic.onnx"), "--model", "digits"];
    const run = await profile("build", ...args, "--out", path("digits.json"), "--json");

    expect([run.exitCode, run.stderr]).toEqual([0, ""]);
    const { features, outcomes } = written("digits.json");
    expect(features.map(({ name, role }) => `${role} ${name}`)).toEqual([
      ...["input input[0]", "input input[1]", "input input[2]", "input input[3]", "input mood"],
      ...["prediction logits prediction", "score logits top score", "label label"],
    ]);
    for (const { counts } of features) expect(counts.reduce((sum, count) => sum + count, 0)).toBe(40);
    expect(features.at(-1)?.counts).toEqual([14, 13, 13, 0, 0, 0]);
    expect(outcomes).toMatchObject({ numClasses: 3, output: "logits" });
  });

  test.each([
    ["a file that is not there", ["nothing.csv"], "DATA_MISSING"],
    ["a file of another kind", ["logistic.onnx"], "OPTION_INVALID"],
    ["a column that is not there", ["shop.csv", "--leave-out", "weight"], "OPTION_INVALID"],
    ["a name that no model has", ["shop.csv", "--model", "No Model"], "OPTION_INVALID"],
  ])("refuses %s", async (_, [file = "", ...more], code) => {
    const args = ["--data", path(file), "--model", "shop", "--out", path("no.json"), ...NOWHERE, ...more];
    const run = await profile("build", ...args, "--json");

    expect(run.exitCode).toBe(1);
    expect(lastJson(run)).toMatchObject({ error: { code } });
  });
});

describe("a profile that was built", () => {
  test("is ready when somebody has reviewed it, and shown as it is", async () => {
    await buildShop("ready.json");
    expect(lastJson(await profile("check", path("ready.json"), "--json"))).toMatchObject({
      error: { code: "PROFILE_INVALID" },
    });

    const review = await profile("review", path("ready.json"), "--by", "ada", "--json");
    expect(lastJson(review)).toMatchObject({ reviewedBy: "ada", isLayoutChanged: false });
    expect(lastJson(await profile("check", path("ready.json"), "--json"))).toMatchObject({ isReady: true });
    expect((await profile("show", path("ready.json"))).stdout).toMatch(
      /colour\s+input\s+field colour\s+2 categories/,
    );
  });

  test("gets its layout's hash anew when a person has changed what it counts", async () => {
    await buildShop("edited.json");
    await profile("review", path("edited.json"), "--by", "ada");
    const edited = written("edited.json");
    writeFileSync(path("edited.json"), JSON.stringify({ ...edited, features: edited.features.slice(0, 2) }));

    const stale = await runHere(["drift", "profile", "check", path("edited.json"), "--json"]);
    expect(stale.stderr).toContain("fedge profile review");
    const review = await profile("review", path("edited.json"), "--by", "bob", "--json");
    expect(lastJson(review)).toMatchObject({ reviewedBy: "bob", isLayoutChanged: true });
    expect((await profile("check", path("edited.json"))).exitCode).toBe(0);
  });

  test.each<[string, (profile: ReferenceProfile) => object, string]>([
    ["a key that is none", (one) => ({ ...one, reviewer: "ada" }), 'no field "reviewer"'],
    [
      "a misspelt weight of a feature",
      (one) => ({ ...one, features: one.features.map((feature) => ({ ...feature, importence: 5 })) }),
      'no field "features.0.importence"',
    ],
    ["rows that the counts are not of", (one) => ({ ...one, numRows: 30 }), "are 40, more than the 30 rows"],
  ])("is neither sound nor reviewed with %s", async (_, edit, words) => {
    await buildShop("slip.json");
    writeFileSync(path("slip.json"), JSON.stringify(edit(written("slip.json"))));

    for (const args of [["check"], ["review", "--by", "ada"]]) {
      const run = await profile(...args, path("slip.json"));
      expect([run.exitCode, run.stderr]).toEqual([1, expect.stringContaining(words)]);
    }
  });

  test("says how long its windows are in units that fit", async () => {
    const args = ["--data", path("shop.csv"), "--model", "shop", "--window", "10s", ...NOWHERE];
    const run = await profile("build", ...args, "--out", path("short.json"));

    expect(run.stdout).toMatch(/^window +10s, /m);
  });

  test("is not imported when a feature is taken from beyond the model's input", async () => {
    const args = ["--data", path("rows.jsonl"), "--onnx", path("logistic.onnx"), "--model", "digits"];
    await profile("build", ...args, "--no-joint", "--out", path("beyond.json"));
    const text = readFileSync(path("beyond.json"), "utf8").replace(/"at": 3\b/, '"at": 77');
    writeFileSync(path("beyond.json"), text);
    await profile("review", path("beyond.json"), "--by", "ada");

    const from = ["model", "import", path("logistic.onnx"), "--name", "digits", "--profile"];
    const run = await runHere([...from, path("beyond.json"), "--dry-run"]);

    expect(run.stderr).toContain('number 77 of a row of input "input", which has 4');
  });

  test("goes with no model that it is not of", async () => {
    await buildShop("other.json");
    await profile("review", path("other.json"), "--by", "ada");
    const args = [
      "model",
      "import",
      path("logistic.onnx"),
      "--name",
      "digits",
      "--profile",
      path("other.json"),
    ];

    const run = await runHere([...args, "--dry-run", "--json"]);

    expect(lastJson(run)).toMatchObject({ error: { code: "PROFILE_INVALID" } });
  });
});
