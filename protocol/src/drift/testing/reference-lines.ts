import { readFileSync } from "node:fs";
import type { DriftMethod, DriftOptionsInput, Sample } from "../index.js";

/** A line of `fixtures/drift/reference.jsonl` about a function. */
export interface FunctionLine {
  readonly function: string;
  readonly args: readonly unknown[];
  readonly expected: unknown;
}

/** A line about a method and two samples. */
export interface CaseLine {
  readonly id: string;
  readonly method: DriftMethod;
  readonly reference: unknown;
  readonly current: unknown;
  readonly options?: DriftOptionsInput;
  readonly expected: Readonly<Record<string, unknown>>;
  /** Detections that River publishes. */
  readonly published?: readonly number[];
}

/** The lines of a file of `fixtures/drift`. */
export function linesOf(file: string): readonly (FunctionLine | CaseLine)[] {
  return readFileSync(new URL(`../../../fixtures/drift/${file}`, import.meta.url), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as FunctionLine | CaseLine);
}

const LINES = linesOf("reference.jsonl");

export const FUNCTION_LINES = LINES.filter((line): line is FunctionLine => "function" in line);
export const CASE_LINES = LINES.filter((line): line is CaseLine => "method" in line);

/** A sample as the fixture writes it: in full, or as a recipe that Python and this follow alike. */
export function sampleOf(written: unknown): Sample {
  if (typeof written !== "object" || written === null) throw new Error("not a sample");
  if ("lattice" in written) {
    const [n, step, modulus, shift, scale] = written.lattice as [number, number, number, number, number];
    return Array.from({ length: n }, (_value, i) => ((i * step) % modulus) * scale + shift);
  }
  if ("digits" in written) return [...(written.digits as string)].map(Number);
  return written as Sample;
}

/** A number of the fixture, which spells those that are not finite. */
export function numberOf(value: unknown): number {
  return Number(value);
}
