/** Where a command writes, and what it knows about its surroundings. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Columns for text. */
  readonly width: number;
  /** True when a person looks at stderr, so that a line may be drawn over. */
  readonly isInteractive: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isJson: boolean;
  fail(): void;
}

export function processTerminal(): Terminal {
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    width: process.stdout.columns ?? 100,
    isInteractive: process.stderr.isTTY === true,
    env: process.env,
    isJson: process.argv.includes("--json"),
    fail: () => {
      process.exitCode = 1;
    },
  };
}

/** Prints a result: as JSON on one line with `--json`, as text for people otherwise. */
export function printResult(terminal: Terminal, value: unknown, text: () => string): void {
  terminal.out(`${terminal.isJson ? JSON.stringify(value) : text().trimEnd()}\n`);
}
