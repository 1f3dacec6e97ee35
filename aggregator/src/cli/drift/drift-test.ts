import { readFile, stat } from "node:fs/promises";
import { FedgeError } from "@fedge/protocol";
import {
  DRIFT_METHODS,
  decodeDriftOptions,
  decodeSample,
  testDrift,
  type DriftMethod,
  type DriftOptionsInput,
  type DriftResult,
  type Sample,
} from "@fedge/protocol/drift";
import { InvalidArgumentError, Option, type Command } from "commander";
import { jsonFlag } from "../server-flags.js";
import { printResult, type Terminal } from "../terminal.js";
import { NOT_UTF8, utf8Text } from "../utf8-text.js";
import { runCases } from "./case-file.js";
import { driftText } from "./drift-text.js";
import { parseNumberedJson, withSpelledNumbers } from "./numbered-json.js";

/** A sample is held in memory whole. */
const MOST_FILE_BYTES = 256 * 2 ** 20;

interface DriftTestFlags {
  readonly method?: DriftMethod;
  readonly reference?: string;
  readonly current?: string;
  readonly cases?: string;
  readonly options?: DriftOptionsInput;
}

/** `fedge drift test`: one method on two files, or many cases of one file. Needs no server. */
export function addDriftTest(drift: Command, terminal: Terminal): void {
  drift
    .command("test")
    .description("compare two samples by one method, or many pairs of a file")
    .addOption(new Option("--method <name>", "what to compute").choices(DRIFT_METHODS))
    .option("--reference <file>", "JSON: a list of values, or counts")
    .option("--current <file>", "JSON likewise; the stream, for adwin, page-hinkley and ddm")
    .option("--options <json>", 'such as {"alpha": 0.01, "bins": 10}; docs/drift.md lists them', options)
    .option(
      "--cases <file>",
      "one case a line, { id, method, reference, current, options? }; prints one result a line",
    )
    .addOption(jsonFlag())
    .action(async (flags: DriftTestFlags) => {
      if (flags.cases !== undefined) return runCases(casesOnly(flags), terminal);
      const result = await testFiles(flags);
      printResult(terminal, withSpelledNumbers(result), () => driftText(result));
    });
}

/** The file of cases. Throws OPTION_INVALID when one pair is described as well. */
function casesOnly({ cases = "", ...others }: DriftTestFlags): string {
  const named = Object.keys(others).filter((name) => name !== "json");
  if (named.length === 0) return cases;
  throw new FedgeError(
    "OPTION_INVALID",
    `--cases does not go with --${named[0]}; every line of the file says its own method, samples and options`,
  );
}

async function testFiles({
  method,
  reference,
  current,
  options: chosen,
}: DriftTestFlags): Promise<DriftResult> {
  if (method === undefined || reference === undefined || current === undefined) {
    throw new FedgeError(
      "OPTION_INVALID",
      "a test takes --method, --reference and --current, or --cases alone; `fedge drift test --help` lists the methods",
    );
  }
  return testDrift(method, await readSample(reference), await readSample(current), chosen);
}

async function readSample(path: string): Promise<Sample> {
  const text = await readBounded(path);
  try {
    return decodeSample(parseNumberedJson(text), path);
  } catch (cause) {
    if (cause instanceof FedgeError) throw cause;
    throw new FedgeError(
      "DATA_CORRUPT",
      `${path} is not JSON (${(cause as Error).message}); write a list of values`,
      {
        cause,
        details: { path },
      },
    );
  }
}

async function readBounded(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MOST_FILE_BYTES) {
      throw new FedgeError(
        "DATA_CORRUPT",
        `${path} has ${size} bytes, more than the ${MOST_FILE_BYTES} that a sample may have; give counts of bins`,
        { details: { path, sizeBytes: size } },
      );
    }
    const text = utf8Text(await readFile(path));
    if (text !== undefined) return text;
    throw new FedgeError("DATA_CORRUPT", `cannot read ${path}: ${NOT_UTF8}`, { details: { path } });
  } catch (cause) {
    if (cause instanceof FedgeError) throw cause;
    throw new FedgeError(
      "DATA_MISSING",
      `cannot read ${path} (${(cause as Error).message}); name a JSON file`,
      {
        cause,
        details: { path },
      },
    );
  }
}

function options(text: string): DriftOptionsInput {
  try {
    const value: unknown = JSON.parse(text);
    decodeDriftOptions(value);
    return value as DriftOptionsInput;
  } catch (cause) {
    throw new InvalidArgumentError(`It takes a JSON object of options: ${(cause as Error).message}.`);
  }
}
