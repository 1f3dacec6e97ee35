import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { listen, type HttpListener } from "../http/listen.js";
import { ADMIN_TOKEN, createAppDouble, type AppDouble } from "../http/testing/app-double.js";
import { sampleVersion } from "../http/testing/sample-data.js";
import { runHereIn } from "./testing/fake-terminal.js";
import { lastJson, type FedgeRun } from "./testing/run-fedge.js";

const cwd = mkdtempSync(join(tmpdir(), "fedge-registry-"));
let app: AppDouble;
let listener: HttpListener;

beforeEach(async () => {
  app = createAppDouble();
  app.service.versions = [sampleVersion(1, 0.9)];
  listener = await listen(app.http, { host: "127.0.0.1", port: 0 });
});
afterEach(() => listener.close());
afterAll(() => rmSync(cwd, { recursive: true }));

/** `fedge model …` against the test's server as its administrator. */
function model(...args: string[]): Promise<FedgeRun> {
  const env = { FEDGE_SERVER: `http://127.0.0.1:${listener.port}`, FEDGE_TOKEN: ADMIN_TOKEN };
  return runHereIn(["model", ...args], { cwd, env });
}

describe("fedge model", () => {
  test("alias moves a name and says from where to where", async () => {
    const run = await model("alias", "digits@1", "champion", "--reason", "won");

    expect([run.exitCode, run.stdout]).toEqual([0, "champion of digits: version - -> 1\n"]);
    expect(app.registry.moves).toMatchObject([{ toVersion: 1, reason: "won" }]);
  });

  test("alias without a reason is refused", async () => {
    const run = await model("alias", "digits@1", "champion");

    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain("--reason");
  });

  test("a version can be named by an alias", async () => {
    await model("alias", "digits@1", "champion", "--reason", "won");

    expect(lastJson(await model("tag", "digits@champion", "eu", "--json"))).toMatchObject({ tags: ["eu"] });
  });

  test("an alias that no version has is said to be unknown", async () => {
    const run = await model("note", "digits@fallback", "hello");

    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('no alias "fallback"');
  });

  test("compare prints verdict, difference, interval and p-value", async () => {
    const run = await model("compare", "digits@1", "digits@2");

    expect(run.stdout).toContain("digits@2 against digits@1: better");
    expect(run.stdout).toContain(
      "90.00 % -> 92.00 %, difference 2.00 %, 95 % interval 0.50 % to 3.50 %, p = 0.00900",
    );
  });

  test("compare refuses versions of two models", async () => {
    expect((await model("compare", "digits@1", "words@2")).stderr).toContain("different models");
  });

  test("evaluate --held-out measures a version on the aggregator's data, and asks no device", async () => {
    const run = await model("evaluate", "digits@1", "--held-out");
    const odd = await model("evaluate", "digits@1", "--held-out", "--devices", "20");

    expect([run.exitCode, run.stderr]).toEqual([0, ""]);
    expect(run.stdout).toMatch(/digits@1 on held-out, 1000 examples\naccuracy +90.00 %\nloss +0.3/);
    expect([odd.exitCode, odd.stderr]).toEqual([1, expect.stringContaining("leave out what is for devices")]);
  });

  test("verify says that the version was made again", async () => {
    expect((await model("verify", "digits@1")).stdout).toContain("made again from its round's journal");
  });

  test("export writes a bundle as a tar file", async () => {
    const run = await model("export", "digits@1", "--format", "bundle", "--json");

    expect(lastJson(run)).toMatchObject({ format: "bundle", file: "digits-v1.tar" });
    expect(readFileSync(join(cwd, "digits-v1.tar"), "utf8")).toBe("a bundle");
  });

  test("import refuses a file that is no bundle before it is sent", async () => {
    writeFileSync(join(cwd, "broken.tar"), Buffer.alloc(2048, 7));

    const run = await model("import", "broken.tar");

    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain("the bundle is refused");
  });

  test.each([["--name", "other"], ["--loss", "huber"], ["--no-proximal"]])(
    "import refuses %s for a bundle, which brings its own",
    async (...flags) => {
      const run = await model("import", "some.tar", ...flags.filter((flag) => flag !== undefined));

      expect(run.exitCode).toBe(1);
      expect(run.stderr).toContain(`leave ${flags[0]} out`);
    },
  );

  test("alias lists those of a model, also when a version is named", async () => {
    const runs = [await model("alias", "digits"), await model("alias", "digits@1")];

    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(runs[1]?.stdout).toBe(runs[0]?.stdout);
  });

  test("retention deletes only when it is told to run", async () => {
    const plan = await model("retention");
    const before = app.registry.numRetentionRuns;
    await model("retention", "--run");

    expect(plan.stdout).toContain("would delete");
    expect([before, app.registry.numRetentionRuns]).toEqual([0, 1]);
  });

  test.each(["alias", "tag", "note", "card", "compare", "verify", "retention"])(
    "%s has --help",
    async (verb) => {
      const run = await model(verb, "--help");

      expect([run.exitCode, run.stdout.includes("--json")]).toEqual([0, true]);
    },
  );
});
