import { certainBase64, tracesOfText, type Trace } from "./encodings.js";

/** A category that no profile knows, and a note that no feature looks at. */
export const UNSEEN_PLACE = "quartzlimerick";
export const NOTE = "marmaladeastronaut";
/** Inputs of a row, and numbers of a field and of its label: values that no count, edge or time looks like. */
export const INPUT_NUMBERS: readonly number[] = [0.7312945, -1.2847193, 2.1938475];
export const FIELD_NUMBER = 31415.926731;
export const LABEL_NUMBERS: readonly number[] = [4.7182936, -3.6271849, 5.9182736];

/** Digits of a number from which on nothing is there by chance. */
const NUM_DIGITS = 6;

/** What must not leave a device that keeps such a row. */
export function tracesOfRow(): readonly Trace[] {
  return [
    ...[UNSEEN_PLACE, NOTE].flatMap(tracesOfText),
    ...tracesOfNumbers(INPUT_NUMBERS),
    ...tracesOfNumbers(LABEL_NUMBERS),
    ...tracesOfNumbers([FIELD_NUMBER]),
  ];
}

/** Numbers as floats of both widths and byte orders, alone where eight bytes are certain and in a row where four are not; or any of them written out. */
export function tracesOfNumbers(numbers: readonly number[]): Trace[] {
  const rows = [
    { name: "32-bit floats", width: 4, bytes: Buffer.from(Float32Array.from(numbers).buffer) },
    ...numbers.map((number) => ({
      name: `${number} in 64 bits`,
      width: 8,
      bytes: Buffer.from(Float64Array.of(number).buffer),
    })),
    ...numbers.map((number) => ({
      name: `${number} of 32 bits in 64`,
      width: 8,
      bytes: Buffer.from(Float64Array.of(Math.fround(number)).buffer),
    })),
  ].filter(({ bytes }) => bytes.length >= 8);
  const binary = rows.flatMap(({ name, width, bytes }) => {
    const other = Buffer.from(bytes);
    if (width === 4) other.swap32();
    else other.swap64();
    return [...binaryTraces(name, bytes), ...binaryTraces(`${name}, big endian`, other)];
  });
  return [...binary, ...numbers.map(writtenOut)];
}

function binaryTraces(name: string, bytes: Buffer): Trace[] {
  const base64 = [0, 1, 2].map((before) => ({
    encoding: `${name}, base64 after ${before}`,
    bytes: Buffer.from(certainBase64(bytes, before)),
  }));
  return [
    { encoding: name, bytes },
    { encoding: `${name}, hexadecimal`, bytes: Buffer.from(bytes.toString("hex")) },
    { encoding: `${name}, list of bytes`, bytes: Buffer.from([...bytes].join(",")) },
    ...base64,
    ...base64.map((trace) => ({
      encoding: trace.encoding.replace("base64", "base64url"),
      bytes: Buffer.from(trace.bytes.toString().replaceAll("+", "-").replaceAll("/", "_")),
    })),
  ];
}

/** However many digits it is given, whatever its sign, in plain or scientific notation: the leading digits are the same. */
function writtenOut(number: number): Trace {
  const scientific = Math.abs(number).toExponential(12);
  const digits = scientific.replace(".", "").slice(0, NUM_DIGITS);
  const places = [...digits].join("\\.?");
  const pattern = new RegExp(`(?<![0-9a-z])0*\\.?0*${places}[0-9]*(?:e[+-]?[0-9]+)?`);
  return {
    encoding: `${number} written out`,
    isIn: ({ lower }) => pattern.test(lower.toString("latin1")),
  };
}
