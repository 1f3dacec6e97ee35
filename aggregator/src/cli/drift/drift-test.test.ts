import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { lastJson, runFedge } from "../testing/run-fedge.js";
import { boundedLines } from "./bounded-lines.js";
import { caseResult } from "./case-result.js";
import { parseNumberedJson } from "./numbered-json.js";

const cwd = mkdtempSync(join(tmpdir(), "fedge-drift-"));
afterAll(() => rmSync(cwd, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(cwd, name), content);
  return name;
}

describe("fedge drift test", () => {
  const reference = file("reference.json", '{"categories": {"left": 130, "right": 370}}');
  const current = file("current.json", '{"categories": {"left": 240, "right": 260}}');
  const pair = ["--reference", reference, "--current", current];

  test("gives SciPy's numbers for a published table, as JSON", async () => {
    const run = await runFedge(["drift", "test", "--method", "chi-squared", ...pair, "--json"], { cwd });

    expect(run.exitCode).toBe(0);
    // scipy.stats.chi2_contingency([[130, 370], [240, 260]])
    expect(lastJson(run)).toMatchObject({ method: "chi-squared", n: 500, m: 500, verdict: "drift" });
    expect((lastJson(run) as { statistic: number }).statistic).toBeCloseTo(50.969540969540965, 10);
  });

  test("explains itself in words", async () => {
    const run = await runFedge(["drift", "test", "--method", "psi", ...pair], { cwd });

    for (const word of [
      /^formula +sum \(q - p\) log\(q \/ p\)$/m,
      /^zero rule +a share of 0 counts as 0.0001$/m,
    ]) {
      expect(run.stdout).toMatch(word);
    }
    expect(run.stdout).toMatch(/^verdict +drift$/m);
  });

  test("answers every line of a file of cases, in order, the broken ones too", async () => {
    const lines = [
      '{"id": "a", "method": "ks", "reference": [1, 2, NaN], "current": [2, -Infinity, "NaN"]}',
      "",
      "{broken",
      '{"id": "b", "method": "wasserstein", "reference": [0, 1, 3], "current": [5, 6, 8], "options": {"minRows": 1}}',
      '{"id": "c", "method": "adwin", "reference": [], "current": []}',
      "[]",
    ];
    const run = await runFedge(["drift", "test", "--cases", file("cases.jsonl", lines.join("\n"))], { cwd });

    const results = run.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(run.exitCode).toBe(0);
    expect(results.map(({ id }) => id)).toEqual(["a", "line 3", "b", "c", "line 6"]);
    expect(results[0]).toMatchObject({ n: 2, m: 2, statistic: 0.5, verdict: "not_enough_data" });
    expect(results[1]).toMatchObject({ verdict: "not_testable", statistic: null });
    // The example of scipy.stats.wasserstein_distance.
    expect(results[2]).toMatchObject({ statistic: 5 });
    expect(results[3]).toMatchObject({ verdict: "not_testable", reason: "empty: the stream has no value" });
  });

  test.each([
    [["--method", "psi"], "a test takes --method, --reference and --current"],
    [["--method", "psi", "--reference", "gone.json", "--current", current], "cannot read gone.json"],
    [["--method", "nope", ...pair], "Allowed choices are ks, ks-binned"],
    [["--method", "psi", ...pair, "--options", '{"bims": 3}'], 'Unrecognized key: "bims"'],
    [["--cases", current, "--method", "psi"], "--cases does not go with --method"],
    [["--cases", "gone.jsonl"], "cannot read the cases in gone.jsonl"],
    [
      ["--method", "psi", "--reference", file("broken.json", "[1,"), "--current", current],
      "broken.json is not JSON",
    ],
  ])("%j fails with a sentence that says what to do", async (args, message) => {
    const run = await runFedge(["drift", "test", ...args], { cwd });

    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain(message);
  });
});

async function linesOf(chunks: readonly string[], mostBytes: number): Promise<unknown[]> {
  const bytes = (async function* () {
    for (const chunk of chunks) yield new TextEncoder().encode(chunk);
  })();
  const lines: unknown[] = [];
  for await (const line of boundedLines(bytes, mostBytes))
    lines.push([line.number, line.text === undefined ? line.fault : line.text]);
  return lines;
}

describe("lines of a file", () => {
  test("are put together over chunks, and numbered with the empty ones", async () => {
    expect(await linesOf(["on", "e\n\ntw", "o", "\r\nthree"], 100)).toEqual([
      [1, "one"],
      [3, "two"],
      [4, "three"],
    ]);
  });

  test("that are too long are skipped and named, and the next one is whole", async () => {
    expect(await linesOf(["12345", "67890\nab\n1234567"], 6)).toEqual([
      [1, "too long"],
      [2, "ab"],
      [3, "too long"],
    ]);
  });
});

test("words for numbers are read outside of texts only", () => {
  expect(parseNumberedJson('[NaN, Infinity, -Infinity, "NaN \\" Infinity", {"NaN": 1}]')).toEqual([
    null,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    'NaN " Infinity',
    { NaN: 1 },
  ]);
  expect(() => parseNumberedJson('["NaN')).toThrow(SyntaxError);
});

test.each([
  '{"method": "ks"}',
  '{"method": {}, "reference": [], "current": []}',
  '{"method": "ks", "reference": [1], "current": [2], "options": 5}',
  '{"method": "ks", "reference": {"edges": {}, "counts": []}, "current": [2]}',
  '{"method": "mmd", "reference": [[]], "current": [[]]}',
  '{"method": "toString", "reference": [1], "current": [2]}',
  '{"method": "chi-squared", "reference": {"categories": {"__proto__": 3}}, "current": {"categories": {}}}',
  "null",
])("a case that cannot be tested has a reason: %s", (text) => {
  expect(caseResult(text, 12)).toMatchObject({ id: "line 12", statistic: null, verdict: "not_testable" });
  expect(caseResult(text, 12).reason).toMatch(/[a-z]{4}/);
});

test.each<[string, string | number]>([
  ["12345678901234567890", "12345678901234567890"],
  ["-9007199254740993", "-9007199254740993"],
  ["0.1000", "0.1000"],
  ["0.5", 0.5],
  ["7", 7],
  ['"x"', "x"],
  ["true", "line 7"],
  ["null", "line 7"],
  ["[1]", "line 7"],
  ["{}", "line 7"],
])("a case whose id is %s answers as %j", (written, id) => {
  const nested = '"options": {"id": 5}, "note": "\\"id\\": 6"';

  expect(caseResult(`{"id": 1, ${nested}, "id" : ${written} , "method": "ks"}`, 7).id).toBe(id);
});

test("a sample may begin with a byte order mark", async () => {
  const marked = file("marked.json", "\u{feff}[1, 2, 3]");
  const pair = ["--reference", marked, "--current", marked];
  const run = await runFedge(["drift", "test", "--method", "ks", ...pair, "--json"], { cwd });

  expect(lastJson(run)).toMatchObject({ n: 3, m: 3, statistic: 0 });
});

describe("texts in Latin-1", () => {
  // Read with replacement characters, both names would be the same text, and nothing would have changed.
  const named = (name: string): Uint8Array => Buffer.from(JSON.stringify(Array(150).fill(name)), "latin1");

  test.each([
    ["reference", named("M\u{e9}"), '["Me"]'],
    ["current", '["Me"]', named("M\u{e8}")],
  ])("are refused as the %s", async (role, before, after) => {
    const pair = ["--reference", file("before.json", before), "--current", file("after.json", after)];
    const run = await runFedge(["drift", "test", "--method", "chi-squared", ...pair, "--json"], { cwd });
    const path = role === "reference" ? "before.json" : "after.json";

    expect(run.exitCode).toBe(1);
    expect(lastJson(run)).toMatchObject({
      error: {
        code: "DATA_CORRUPT",
        message: `cannot read ${path}: the text is not UTF-8; save the file as UTF-8`,
      },
    });
  });

  test("are the reason in the result of a case, and the cases around it are answered", async () => {
    const pair = '"reference": ["M\u{e9}", "a"], "current": ["M\u{e8}", "a"]';
    const line = (id: string): string => `{"id": "${id}", "method": "chi-squared", ${pair}}\n`;
    const [utf8, latin1] = [Buffer.from(line("a")), Buffer.from(line("b"), "latin1")];
    const cases = file("latin1.jsonl", Buffer.concat([Buffer.from("\u{feff}"), utf8, latin1, utf8]));
    const { exitCode, stdout } = await runFedge(["drift", "test", "--cases", cases], { cwd });
    const results = stdout
      .trimEnd()
      .split("\n")
      .map((result) => JSON.parse(result) as unknown);

    expect(exitCode).toBe(0);
    expect(results).toMatchObject([
      { id: "a", n: 2, m: 2 },
      {
        ...{ id: "line 2", statistic: null, n: 0, m: 0, verdict: "not_testable" },
        reason: "the text is not UTF-8; save the file as UTF-8",
      },
      { id: "a", n: 2, m: 2 },
    ]);
  });
});
