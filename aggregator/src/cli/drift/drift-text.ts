import type { DriftResult, EffectGate } from "@fedge/protocol/drift";
import { formatFields } from "../table.js";
import { METHOD_WORDS } from "./method-words.js";

type Field = readonly [name: string, value: string];

/** A result in words: what was computed, of what, and why the verdict is what it is. */
export function driftText(result: DriftResult): string {
  const { name, formula } = METHOD_WORDS[result.method];
  const fields: Field[] = [
    ["method", `${result.method}: ${name}`],
    ["formula", formula],
    ["reference", `n = ${result.n}`],
    ["current", `m = ${result.m}`],
    ["statistic", result.statistic === null ? "none" : significant(result.statistic)],
    ...chanceFields(result),
    ...effectFields(result),
    ...detailFields(result),
    ["verdict", result.reason === undefined ? result.verdict : `${result.verdict}: ${result.reason}`],
  ];
  return formatFields(fields);
}

function chanceFields({ pValue, logPValue, details }: DriftResult): Field[] {
  const alpha = String(details["alpha"]);
  if (pValue !== undefined) {
    const underflow = pValue === 0 ? ` (its logarithm is ${significant(logPValue ?? 0)})` : "";
    return [["p-value", `${significant(pValue)}${underflow}; at most ${alpha} is more than chance`]];
  }
  if (typeof details["limit"] === "number") {
    return [["limit", `above ${significant(details["limit"])} is more than chance, at level ${alpha}`]];
  }
  const companion = details["companion"] as { method: string; pValue: number } | undefined;
  if (companion === undefined) return [];
  return [
    [
      "p-value",
      `${significant(companion.pValue)} by ${companion.method}; at most ${alpha} is more than chance`,
    ],
  ];
}

const GATE_WORDS = {
  psi: "PSI",
  jensenShannon: "Jensen-Shannon distance",
  meanShift: "shift of the mean, in deviations",
  mmd: "MMD",
} as const;

function effectFields({ effect, details }: DriftResult): Field[] {
  const own: Field[] =
    effect === undefined ? [] : [["effect", `${effect.name}: ${significant(effect.value)}`]];
  const gate = details["gate"] as
    (EffectGate & { floors: Record<keyof typeof GATE_WORDS, number> }) | undefined;
  if (gate === undefined) return own;
  const parts = (Object.keys(GATE_WORDS) as (keyof typeof GATE_WORDS)[]).flatMap((name) => {
    const value = gate[name];
    if (value === undefined) return [];
    return [`${GATE_WORDS[name]} ${significant(value)} (floor ${gate.floors[name]})`];
  });
  return [...own, ["above chance", parts.join(", ")]];
}

const SHOWN_APART = new Set(["alpha", "limit", "companion", "gate", "standard"]);

/** Everything else that says how the number came about. */
function detailFields({ details }: DriftResult): Field[] {
  return Object.entries(details)
    .filter(([name]) => !SHOWN_APART.has(name))
    .map(([name, value]): Field => [
      name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
      typeof value === "object"
        ? JSON.stringify(value)
        : typeof value === "number"
          ? significant(value)
          : String(value),
    ]);
}

function significant(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(10)));
}
