import type { FieldKind } from "./device-fields.js";
import type { Comparator, Literal } from "./filter-syntax.js";

/** How a field's value stands to a literal: below zero for before it, zero for equal to it. */
export type Comparison = (value: string | number) => number;

/** What a literal means to a field of that kind; a text says what is wrong with it. */
export function comparisonWith(kind: FieldKind, literal: Literal, nowMs: number): Comparison | string {
  switch (kind) {
    case "text":
      return textComparison(literal);
    case "number":
      return numberComparison(literal.text);
    case "semver":
      return semverComparison(literal.text);
    case "time":
      return timeComparison(literal.text, nowMs);
  }
}

export function holds(comparator: Comparator, order: number): boolean {
  switch (comparator) {
    case "==":
      return order === 0;
    case "!=":
      return order !== 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
}

/** An asterisk outside of quotes stands for anything. Whatever differs is "after": texts have no order in a filter. */
function textComparison({ text, isQuoted }: Literal): Comparison {
  if (isQuoted || !text.includes("*")) return (value) => (value === text ? 0 : 1);
  const parts = text.split("*");
  return (value) => (isLike(String(value), parts) ? 0 : 1);
}

/** Whether the parts are in the value one after the other, the first at its beginning and the last at its end. */
function isLike(value: string, parts: readonly string[]): boolean {
  const [first = "", ...rest] = parts;
  const last = rest.pop() ?? "";
  if (value.length < first.length + last.length) return false;
  if (!value.startsWith(first) || !value.endsWith(last)) return false;
  const inner = value.slice(first.length, value.length - last.length);
  let at = 0;
  for (const part of rest) {
    const found = inner.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return true;
}

function numberComparison(text: string): Comparison | string {
  if (!/^-?\d+(\.\d+)?$/.test(text)) return `"${text}" is no number`;
  return (value) => Number(value) - Number(text);
}

const SEMVER = /^\d{1,9}(\.\d{1,9}){0,2}$/;

/** Part by part as numbers, so that 1.10 comes after 1.9; missing parts are 0. */
function semverComparison(text: string): Comparison | string {
  if (!SEMVER.test(text)) return `"${text}" is no version such as 1.4 or 1.4.2`;
  const wanted = partsOf(text);
  return (value) => {
    const parts = partsOf(String(value));
    const differs = wanted.findIndex((part, at) => part !== parts[at]);
    return differs < 0 ? 0 : (parts[differs] ?? 0) - (wanted[differs] ?? 0);
  };
}

/** A pre-release counts as its release. */
function partsOf(version: string): readonly number[] {
  const parts = (version.split(/[-+]/)[0] ?? "").split(".").map(Number);
  return [0, 1, 2].map((at) => parts[at] ?? 0);
}

const AGO = /^now-(\d{1,6})(m|h|d)$/;
const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

function timeComparison(text: string, nowMs: number): Comparison | string {
  const [, count, unit = ""] = AGO.exec(text) ?? [];
  const isDate = /^\d{4}-\d{2}-\d{2}/.test(text);
  const timeMs = count === undefined ? Date.parse(text) : nowMs - Number(count) * (UNIT_MS[unit] ?? 0);
  if (Number.isNaN(timeMs) || (count === undefined && !isDate))
    return `"${text}" is no time; write now-30m, now-24h, now-7d, or 2026-11-24T08:00Z`;
  return (value) => Number(value) - timeMs;
}
