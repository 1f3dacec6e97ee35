import { NONE } from "../text/format.js";

/** A score with three digits that say something. */
export function scoreText(value: number | null): string {
  if (value === null) return NONE;
  const size = Math.abs(value);
  if (size !== 0 && size < 0.0005) return value < 0 ? "> −0.001" : "< 0.001";
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3).replace("-", "−");
}

/** A share in [0, 1] as per cent, short. */
export function shareText(share: number | null): string {
  if (share === null) return NONE;
  const percent = 100 * share;
  if (percent === 0) return "0 %";
  return percent < 0.1 ? "< 0.1 %" : `${percent.toFixed(percent >= 99.95 ? 0 : 1)} %`;
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
/** Beyond this many digits after the point a power of ten reads better. */
const SMALLEST_PLAIN = Math.log(0.0005);

/** A p-value from its natural logarithm, however small: `0.031`, `3 · 10⁻⁴²`. */
export function pText(logP: number | null): string {
  if (logP === null) return NONE;
  if (logP >= SMALLEST_PLAIN) return Math.exp(logP).toFixed(3);
  const tens = logP / Math.LN10;
  // So deep down the leading digit says nothing.
  if (tens < -1e5) return "0, as far as numbers go";
  let power = Math.floor(tens);
  let digit = Math.round(10 ** (tens - power));
  if (digit === 10) [digit, power] = [1, power + 1];
  const raised = [...String(-power)].map((each) => SUPERSCRIPTS[Number(each)]).join("");
  return `${digit} · 10⁻${raised}`;
}
