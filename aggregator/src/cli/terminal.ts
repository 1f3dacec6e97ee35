import { once } from "node:events";
import { askSecrets } from "./secret-input.js";

export interface Screen {
  readonly columns: number;
  readonly rows: number;
}

/** Where a command writes, and what it knows about its surroundings. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Columns for text. */
  readonly width: number;
  /** What a person looks at stdout through; null when it goes to a file or a program. */
  screen(): Screen | null;
  /** True when a person looks at stderr, so that a line may be drawn over. */
  readonly isInteractive: boolean;
  /** One line for each question: typed unseen where a person sits there, else the next line of stdin. Throws OPTION_INVALID at its end. */
  askSecrets(questions: readonly string[]): Promise<string[]>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isJson: boolean;
  fail(): void;
  /** Resolves when what was written is on its way, so that output without end is not held in memory. */
  drained?(): Promise<void>;
}

export function processTerminal(): Terminal {
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    width: process.stdout.columns ?? 100,
    screen: screenOf,
    isInteractive: process.stderr.isTTY === true,
    askSecrets: (questions) => askSecrets(questions, process.stdin, process.stderr),
    env: process.env,
    isJson: process.argv.includes("--json"),
    fail: () => {
      process.exitCode = 1;
    },
    drained: stdoutDrained,
  };
}

async function stdoutDrained(): Promise<void> {
  if (process.stdout.writableNeedDrain) await once(process.stdout, "drain");
}

/** A terminal that does not know its size cannot be drawn on. */
function screenOf(): Screen | null {
  const { isTTY, columns, rows } = process.stdout;
  return isTTY === true && columns > 0 && rows > 0 ? { columns, rows } : null;
}

/** Prints a result: as JSON on one line with `--json`, as text for people otherwise. */
export function printResult(terminal: Terminal, value: unknown, text: () => string): void {
  terminal.out(`${terminal.isJson ? JSON.stringify(value) : text().trimEnd()}\n`);
}
