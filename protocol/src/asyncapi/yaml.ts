import type { Json } from "./document.js";

/** Words that YAML 1.1 or 1.2 would not read as text. */
const RESERVED = /^(?:null|true|false|yes|no|on|off|y|n|~)$/i;
const PLAIN = /^[A-Za-z_][A-Za-z0-9_./-]*$/;

/** The value as block-style YAML 1.2. Text that is not a plain word is quoted as in JSON, which YAML includes. */
export function toYaml(value: Json): string {
  return `${lines(value).join("\n")}\n`;
}

function lines(value: Json): string[] {
  if (isList(value) && value.length > 0) {
    return value.flatMap((item) => lines(item).map((line, at) => `${at === 0 ? "- " : "  "}${line}`));
  }
  if (isObject(value) && Object.keys(value).length > 0) {
    return Object.entries(value).flatMap(([key, child]) => fieldLines(key, child));
  }
  return [scalar(value)];
}

function fieldLines(key: string, child: Json): string[] {
  const below = lines(child);
  const isNested = typeof child === "object" && child !== null && Object.keys(child).length > 0;
  if (!isNested) return [`${text(key)}: ${below[0]}`];
  return [`${text(key)}:`, ...below.map((line) => `  ${line}`)];
}

function scalar(value: Json): string {
  return typeof value === "string" ? text(value) : JSON.stringify(value);
}

function text(value: string): string {
  return PLAIN.test(value) && !RESERVED.test(value) ? value : JSON.stringify(value);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
