import { FedgeError } from "@fedge/protocol";
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
  // A set or a list has no fields, and would mean everything.
  if (Object.prototype.toString.call(given) !== "[object Object]")
    throw new FedgeError("OPTION_INVALID", `${what} is no object; give one with ${names}, or none for all`);
  for (const [name, value] of Object.entries(given as object)) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field === undefined)
      throw new FedgeError("OPTION_INVALID", `${what} has no "${name}"; it takes ${names}`);
    if (!field.isRight(value))
      throw new FedgeError(
        "OPTION_INVALID",
        `${name} of ${what} is ${shown(value)}; give ${field.wanted}, or leave it out`,
      );
  }
}

function shown(value: unknown): string {
  return (typeof value === "string" ? JSON.stringify(value) : String(value)).slice(0, 100);
}
