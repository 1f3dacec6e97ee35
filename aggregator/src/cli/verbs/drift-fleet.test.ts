import { expect, test } from "vitest";
import { runHere } from "../testing/fake-terminal.js";

test("a format that there is not is refused before anything is asked", async () => {
  const run = await runHere(["drift", "fleet", "--model", "digits", "--format", "xml"]);

  expect([run.exitCode, run.stdout]).toEqual([1, ""]);
  expect(run.stderr).toContain("Allowed choices are csv, json");
});

test("help says for how long an alert is silenced as a person would write it", async () => {
  const run = await runHere(["drift", "alerts", "silence", "--help"]);

  expect(run.stdout).toContain("(default: 1d)");
});
