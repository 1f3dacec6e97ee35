import { FedgeError } from "@fedge/protocol";
import { isPlainObject } from "./plain-object.js";
import type { LogQuery, LogSelection } from "./log-selection.js";

interface Field {
  readonly isRight: (value: unknown) => boolean;
  readonly wanted: string;
}

const text: Field = { isRight: (value) => typeof value === "string", wanted: "a text" };
const time: Field = { isRight: Number.isFinite, wanted: "UTC epoch milliseconds" };

const SELECTION: Readonly<Record<keyof LogSelection, Field>> = {
  ids: {
    isRight: (value) => Array.isArray(value) && value.every((id) => typeof id === "string"),
    wanted: "a list of texts",
  },
  model: text,
  fromMs: time,
  untilMs: time,
  isLabelled: { isRight: (value) => typeof value === "boolean", wanted: "true or false" },
};

const QUERY: Readonly<Record<keyof LogQuery, Field>> = {
  ...SELECTION,
  limit: {
    isRight: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
    wanted: "a whole number from 0",
  },
  beforeId: text,
};

/**
 * Throws OPTION_INVALID for what does not say which rows are meant: a field that would go unheeded could mean every
 * row, or none.
 */
export function checkSelection(given: unknown): void {
  check(given, SELECTION, "a selection of rows");
}

/** As checkSelection, for what is asked of the log. */
export function checkQuery(given: unknown): void {
  check(given, QUERY, "a query of the feature log");
}

function check(given: unknown, fields: Readonly<Record<string, Field>>, what: string): void {
  const names = Object.keys(fields).join(", ");
  // A set or a list has no fields, and would mean everything; what is inherited or hidden is read in some places only.
  if (!isPlainObject(given))
    throw new FedgeError(
      "OPTION_INVALID",
      `${what} is no plain object; give one with ${names}, or none for all`,
    );
  for (const [key, { value, get }] of Object.entries(Object.getOwnPropertyDescriptors(given))) {
    // It may hold something else when it is read again.
    if (get !== undefined)
      throw new FedgeError(
        "OPTION_INVALID",
        `${what} computes "${shortened(key)}"; give a value, or leave it out`,
      );
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (field === undefined)
      throw new FedgeError("OPTION_INVALID", `${what} has no "${shortened(key)}"; it takes ${names}`);
    if (!field.isRight(value))
      throw new FedgeError(
        "OPTION_INVALID",
        `${key} of ${what} is ${shown(value)}; give ${field.wanted}, or leave it out`,
      );
  }
}

function shown(value: unknown): string {
  return shortened(typeof value === "string" ? JSON.stringify(value) : String(value));
}

function shortened(text: string): string {
  return text.slice(0, 100);
}
