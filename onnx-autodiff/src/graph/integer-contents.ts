import type { InferenceContext } from "./inference-context.js";
import type { Dim } from "./tensor-type.js";

/**
 * Contents of an elementwise result of two small integer tensors; a single element broadcasts. Symbols pass where the
 * other operand is neutral. Undefined where an element is known only at run time.
 */
export function combineContents(
  context: InferenceContext,
  rule: {
    readonly apply: (a: number, b: number) => number;
    readonly neutral?: number;
    readonly commutes?: boolean;
  },
): readonly Dim[] | undefined {
  const [a, b] = [context.contents(0), context.contents(1)];
  if (a === undefined || b === undefined) return undefined;
  if ([0, 1].some((input) => (context.shape(input)?.length ?? 2) > 1)) return undefined;
  const length = Math.max(a.length, b.length);
  if ((a.length !== length && a.length !== 1) || (b.length !== length && b.length !== 1)) return undefined;
  const results = Array.from({ length }, (_, index): Dim | undefined => {
    const left = a[a.length === 1 ? 0 : index];
    const right = b[b.length === 1 ? 0 : index];
    if (typeof left === "number" && typeof right === "number") return rule.apply(left, right);
    if (rule.neutral !== undefined && right === rule.neutral) return left;
    return rule.commutes === true && rule.neutral !== undefined && left === rule.neutral ? right : undefined;
  });
  return results.every((result) => result !== undefined) ? results : undefined;
}
