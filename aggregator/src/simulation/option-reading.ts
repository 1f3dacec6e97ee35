import { FedgeError } from "@fedge/protocol";

/** Options as the command line gives them, by camel-case name. */
export type RawOptions = Readonly<Record<string, string | undefined>>;

interface Range {
  readonly least?: number;
  readonly most?: number;
  readonly above?: number;
  readonly below?: number;
}

/** Reads options one by one. Every method throws OPTION_INVALID naming the flag, what it takes and what it got. */
export class Reading {
  constructor(private readonly raw: RawOptions) {}

  text(name: string): string | null {
    return this.raw[name] ?? null;
  }

  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const value = this.raw[name];
    if (value === undefined) return fallback;
    const choice = choices.find((one) => one === value);
    if (choice === undefined) throw this.#invalid(name, `one of ${choices.join(", ")}`);
    return choice;
  }

  number(name: string, fallback: number, range: Range): number {
    return this.optionalNumber(name, range) ?? fallback;
  }

  integer(name: string, fallback: number, range: Range): number {
    return this.optionalInteger(name, range) ?? fallback;
  }

  optionalNumber(name: string, range: Range): number | null {
    const value = this.#value(name);
    if (value === null) return null;
    if (!isWithin(value, range)) throw this.#invalid(name, `a number ${describe(range)}`);
    return value;
  }

  optionalInteger(name: string, range: Range): number | null {
    const value = this.#value(name);
    if (value === null) return null;
    if (!Number.isInteger(value) || !isWithin(value, range)) {
      throw this.#invalid(name, `a whole number ${describe(range)}`);
    }
    return value;
  }

  #value(name: string): number | null {
    const text = this.raw[name];
    if (text === undefined) return null;
    return text.trim() === "" ? Number.NaN : Number(text);
  }

  #invalid(name: string, takes: string): FedgeError {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return new FedgeError("OPTION_INVALID", `${flag} takes ${takes}, not "${this.raw[name]}".`);
  }
}

function isWithin(
  value: number,
  { least = -Infinity, most = Infinity, above = -Infinity, below = Infinity }: Range,
): boolean {
  return Number.isFinite(value) && value >= least && value <= most && value > above && value < below;
}

function describe(range: Range): string {
  const low = range.above === undefined ? `from ${range.least}` : `above ${range.above}`;
  return `${low} ${range.below === undefined ? `up to ${range.most}` : `and below ${range.below}`}`;
}
