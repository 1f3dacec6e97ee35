import type { FeatureValue } from "@fedge/protocol/profile";

/** A value of a table; a list is one row of a tensor, flattened. */
export type Cell = FeatureValue | readonly number[];

/** Rows with named columns, read from their beginning by each call of `rows`. */
export interface Table {
  readonly columns: readonly string[];
  rows(): AsyncIterable<readonly (readonly Cell[])[]>;
}

/** What stands for a missing value in text. */
const MISSING = new Set(["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"]);
const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;
const INFINITE = /^([-+]?)(?:inf|Inf|Infinity|infinity)$/;
/** A column is of numbers when so many of its values are; the others then have the wrong type. */
const MOSTLY_NUMBERS = 0.95;

/** How a column's texts are read. */
export type ColumnForm = "number" | "boolean" | "text";

/** Counts what a column's texts look like. */
export class ColumnCensus {
  #numValues = 0;
  #numNumbers = 0;
  #numBooleans = 0;

  add(text: string): void {
    const value = text.trim();
    if (MISSING.has(value)) return;
    this.#numValues += 1;
    if (numberOf(value) !== undefined) this.#numNumbers += 1;
    if (booleanOf(value) !== undefined) this.#numBooleans += 1;
  }

  get form(): ColumnForm {
    if (this.#numValues > 0 && this.#numBooleans === this.#numValues) return "boolean";
    return this.#numValues > 0 && this.#numNumbers >= MOSTLY_NUMBERS * this.#numValues ? "number" : "text";
  }
}

/** The value of a text in a column of this form; a text that is none keeps being a text. */
export function valueOfText(text: string, form: ColumnForm): FeatureValue {
  const value = text.trim();
  if (MISSING.has(value)) return null;
  if (form === "number") return numberOf(value) ?? value;
  return form === "boolean" ? (booleanOf(value) ?? value) : value;
}

function numberOf(text: string): number | undefined {
  if (NUMBER.test(text)) return Number(text);
  const infinite = INFINITE.exec(text);
  if (infinite === null) return undefined;
  return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function booleanOf(text: string): boolean | undefined {
  const word = text.toLowerCase();
  return word === "true" ? true : word === "false" ? false : undefined;
}
