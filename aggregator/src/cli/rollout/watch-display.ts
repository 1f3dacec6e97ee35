import type { RolloutBody } from "../../http/schema/rollout-schema.js";
import type { Terminal } from "../terminal.js";
import { changeLines } from "./change-lines.js";
import { hasColours, paintLines } from "./paint.js";
import { rolloutPicture } from "./rollout-picture.js";

export interface Display {
  readonly show: (rollout: RolloutBody) => void;
  /** Says something beside the rollout, on stderr. */
  readonly note: (text: string) => void;
}

/** A line of JSON for each change with `--json`, a picture drawn over on a screen, a line of text for each change elsewhere. */
export function createDisplay(terminal: Terminal): Display {
  if (terminal.isJson) {
    return {
      show: (rollout) => terminal.out(`${JSON.stringify(rollout)}\n`),
      note: (text) => terminal.err(text),
    };
  }
  return terminal.screen() === null ? lineDisplay(terminal) : screenDisplay(terminal);
}

function lineDisplay(terminal: Terminal): Display {
  let before: RolloutBody | null = null;
  return {
    show: (rollout) => {
      const lines = changeLines(before, rollout).map((line) => [{ text: line }]);
      for (const line of paintLines(lines, { width: null, colours: false })) terminal.out(`${line}\n`);
      before = rollout;
    },
    note: (text) => terminal.err(text),
  };
}

const UP = (lines: number): string => (lines === 0 ? "" : `\u{1b}[${lines}A`);
const ERASE_BELOW = "\r\u{1b}[J";

function screenDisplay(terminal: Terminal): Display {
  let numDrawn = 0;
  return {
    show: (rollout) => {
      const screen = terminal.screen();
      const width = screen?.columns ?? null;
      const colours = hasColours(terminal, screen);
      const lines = fitted(paintLines(rolloutPicture(rollout), { width, colours }), screen?.rows);
      terminal.out(`${UP(numDrawn)}${ERASE_BELOW}${lines.join("\n")}\n`);
      numDrawn = lines.length;
    },
    note: (text) => {
      terminal.err(text);
      numDrawn = 0; // the text stands below the picture, so the next one is drawn below the text
    },
  };
}

/** What does not fit cannot be drawn over: it would scroll away and come again with every change. */
function fitted(lines: readonly string[], rows: number | undefined): readonly string[] {
  const most = Math.max(1, (rows ?? Number.POSITIVE_INFINITY) - 1);
  if (lines.length <= most) return lines;
  return [...lines.slice(0, most - 1), `… ${lines.length - most + 1} more lines; make the window higher`];
}
