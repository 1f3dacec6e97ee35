import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { repositoryRoot } from "./source-files.js";

/** `R1` to `R35`, `I1` to `I10`, `S1` to `S20`. */
const IDS = [
  ["R", 35],
  ["I", 10],
  ["S", 20],
].flatMap(([kind, count]) => Array.from({ length: Number(count) }, (_, at) => `${kind}${at + 1}`));

interface Row {
  readonly id: string;
  readonly file: string;
  readonly title: string;
}

const ROW = /^\| ([RIS]\d+)\s*\|[^|]*\| `([^`]+)`\s*\| (.*?)\s*\|$/;

/** Of `docs/scenarios.md`; Markdown's escapes are taken away. */
function rows(): Row[] {
  const lines = readFileSync(join(repositoryRoot, "docs/scenarios.md"), "utf8").split("\n");
  return lines.flatMap((line) => {
    const [, id, file, title] = ROW.exec(line) ?? [];
    if (id === undefined || file === undefined || title === undefined) return [];
    return [{ id, file, title: title.replace(/\\([|_*<>`$[\]])/g, "$1") }];
  });
}

/** The text after `test(`, `describe(` and `test.each(…)(`, as it stands in the file. */
const TITLE = /(?:\b(?:test|describe|withBroker)|\))\(\s*(["`])((?:\\.|(?!\1).)*)\1\s*,/g;

function titlesIn(file: string): string[] {
  const path = join(repositoryRoot, file);
  if (!existsSync(path)) return [];
  return [...readFileSync(path, "utf8").matchAll(TITLE)].map((match) => match[2] ?? "");
}

const ROWS = rows();

describe("the table of scenarios", () => {
  test.each(IDS)("has a row for %s", (id) => {
    expect(ROWS.filter((row) => row.id === id).length).toBeGreaterThan(0);
  });

  test("has no number that there is not", () => {
    expect(ROWS.map(({ id }) => id).filter((id) => !IDS.includes(id))).toEqual([]);
  });

  test("names tests only that are in their files, under exactly that name", () => {
    const missing = ROWS.filter(({ file, title }) => !titlesIn(file).includes(title));

    expect(missing).toEqual([]);
  });

  test("names tests only whose name has the number", () => {
    const unnumbered = ROWS.filter(({ id, title }) => !new RegExp(`\\b${id}\\b`).test(title));

    expect(unnumbered).toEqual([]);
  });
});
