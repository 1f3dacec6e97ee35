import { styleText } from "node:util";
import type { Screen, Terminal } from "../terminal.js";
import { printable } from "../text.js";

export type Mood = "good" | "bad" | "warn" | "live" | "dim" | "strong";

/** A piece of a line and how it looks where there are colours. Its text must say everything without them. */
export interface Span {
  readonly text: string;
  readonly mood?: Mood;
}
export type Line = readonly Span[];

const STYLES = {
  good: "green",
  bad: "red",
  warn: "yellow",
  live: "cyan",
  dim: "dim",
  strong: "bold",
} as const satisfies Readonly<Record<Mood, Parameters<typeof styleText>[0]>>;

export function span(text: string, mood?: Mood): Span {
  return mood === undefined ? { text } : { text, mood };
}

/** Colours are for people who look at a screen that has them and did not refuse them (no-color.org). */
export function hasColours({ env }: Pick<Terminal, "env">, screen: Screen | null): boolean {
  const refused = env["NO_COLOR"] !== undefined && env["NO_COLOR"] !== "";
  return screen !== null && !refused && env["TERM"] !== "dumb";
}

/** The lines as text, each cut to `width` columns where one is given. */
export function paintLines(
  lines: readonly Line[],
  { width, colours }: { readonly width: number | null; readonly colours: boolean },
): string[] {
  return lines.map((line) => {
    const cut = width === null ? line : cutLine(line, width);
    return cut
      .map(({ text, mood }) => {
        const safe = printable(text);
        return mood === undefined || !colours
          ? safe
          : styleText(STYLES[mood], safe, { validateStream: false });
      })
      .join("")
      .trimEnd();
  });
}

function cutLine(line: Line, width: number): Line {
  const length = line.reduce((sum, { text }) => sum + [...text].length, 0);
  if (length <= width) return line;
  const kept: Span[] = [];
  let left = Math.max(0, width - 1);
  for (const piece of line) {
    const text = [...piece.text].slice(0, left).join("");
    left -= [...text].length;
    kept.push({ ...piece, text });
    if (left === 0) break;
  }
  return [...kept, { text: "…" }];
}
