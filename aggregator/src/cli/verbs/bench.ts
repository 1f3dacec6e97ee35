import { readdirSync } from "node:fs";
import { arch, cpus, platform, totalmem } from "node:os";
import { FedgeError } from "@fedge/protocol";
import type { Command } from "commander";
import type { BenchResult } from "../../bench/result.js";
import { jsonFlag } from "../server-flags.js";
import { formatTable, type TableColumn } from "../table.js";
import { printResult, type Terminal } from "../terminal.js";
import { NONE } from "../text.js";

type Bench = () => Promise<readonly BenchResult[]>;

const DIRECTORY = new URL("../../bench/", import.meta.url);

/** `fedge bench <name>`: every module of the bench folder that exports a `bench…` function is one. */
export function addBench(program: Command, terminal: Terminal): void {
  program
    .command("bench")
    .description("measure this machine against what the project promises; fails when a promise is broken")
    .argument("[name]", "benchmark; lists them unless given")
    .addOption(jsonFlag())
    .action(async (name: string | undefined) => {
      const names = benchNames();
      if (name === undefined) {
        printResult(terminal, { benches: names }, () => names.join("\n"));
        return;
      }
      if (!names.includes(name)) {
        throw new FedgeError(
          "OPTION_INVALID",
          `there is no benchmark "${name}"; there are ${names.join(", ")}`,
        );
      }
      await runBench(name, terminal);
    });
}

async function runBench(name: string, terminal: Terminal): Promise<void> {
  const results = await (await loadBench(name))();
  const machine = describeMachine();
  // The table comes first in both forms: JSON is the last line.
  terminal.out(formatTable(COLUMNS, results));
  if (terminal.isJson) printResult(terminal, { bench: name, machine, results }, () => "");
  const broken = results.filter((result) => result.pass === false);
  if (broken.length === 0) return;
  terminal.err(`fedge: below the bar: ${broken.map((result) => result.name).join(", ")}.\n`);
  terminal.fail();
}

function benchNames(): string[] {
  const files = readdirSync(DIRECTORY).filter((file) => file.endsWith("-bench.js"));
  return files.map((file) => file.replace(/-bench\.js$/, "")).sort();
}

async function loadBench(name: string): Promise<Bench> {
  const exported = (await import(new URL(`${name}-bench.js`, DIRECTORY).href)) as Record<string, unknown>;
  const found = Object.entries(exported).find(
    ([key, value]) => /^bench/.test(key) && typeof value === "function",
  );
  if (found === undefined)
    throw new FedgeError("INTERNAL", `bench/${name}-bench.js exports no bench function`);
  return found[1] as Bench;
}

function describeMachine(): Record<string, unknown> {
  const all = cpus();
  return {
    processor: all[0]?.model.trim() ?? "unknown",
    numCores: all.length,
    memoryBytes: totalmem(),
    platform: platform(),
    architecture: arch(),
    node: process.versions.node,
  };
}

const COLUMNS: readonly TableColumn<BenchResult>[] = [
  { title: "RESULT", cell: (result) => result.name },
  { title: "VALUE", isNumber: true, cell: (result) => significant(result.value) },
  { title: "UNIT", cell: (result) => result.unit },
  { title: "VERSUS", cell: (result) => result.versus ?? NONE },
  {
    title: "RATIO",
    isNumber: true,
    cell: (result) => (result.ratio === undefined ? NONE : significant(result.ratio)),
  },
  {
    title: "BAR",
    isNumber: true,
    cell: (result) => (result.bar === undefined ? NONE : significant(result.bar)),
  },
  { title: "", cell: (result) => (result.pass === undefined ? "" : result.pass ? "ok" : "BELOW") },
];

function significant(value: number): string {
  return value.toLocaleString("en", { maximumSignificantDigits: 4 });
}
