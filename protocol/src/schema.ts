import * as z from "zod/mini";
import { FedgeError, type ErrorCode } from "./errors.js";

export const nonNegativeInt = z.int().check(z.nonnegative());
export const positiveInt = z.int().check(z.positive());
export const finiteNumber = z.number().check(z.refine((value) => Number.isFinite(value), "a finite number"));
export const shortText = z.string().check(z.maxLength(256));

/** Milliseconds; a duration, never a wall-clock time of another machine. */
export const durationMs = nonNegativeInt;

/** How a value that does not fit is refused. */
export interface DecodeContext {
  /** What is being decoded, for the message: "check-in message". */
  readonly what: string;
  readonly code: ErrorCode;
}

/**
 * The value as the schema's type, with unknown fields dropped.
 *
 * Throws FedgeError with the context's code; its message names the first field at fault.
 */
export function decodeWith<T extends z.ZodMiniType>(
  schema: T,
  value: unknown,
  context: DecodeContext,
): z.output<T> {
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue?.path.map(String).join(".") ?? "";
  throw new FedgeError(
    context.code,
    `${context.what}: ${path === "" ? "" : `field "${path}": `}${issue?.message ?? "invalid"}`,
    {
      details: { path },
    },
  );
}
