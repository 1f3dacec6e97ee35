import { FedgeError, hasErrorCode } from "@fedge/protocol";

/** SQLSTATE classes of PostgreSQL, appendix A of its manual. */
const UNIQUE_VIOLATION = "23505";
const FOREIGN_KEY_VIOLATION = "23503";

interface ConstraintViolation {
  readonly sqlState: string;
  readonly constraint: string;
}

/** Makes our error of a broken constraint, by the constraint's name in the schema. */
export type ConstraintErrors = Readonly<Record<string, () => FedgeError>>;

/**
 * Runs one store operation. A broken constraint becomes the error that `constraints` gives for it; any other failure
 * of the database becomes DATABASE_FAILED. Our own errors pass.
 */
export async function asStoreOperation<T>(
  what: string,
  constraints: ConstraintErrors,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (hasErrorCode(error) && error instanceof FedgeError) throw error;
    const violation = violationOf(error);
    const mapped = violation === undefined ? undefined : constraints[violation.constraint];
    throw mapped?.() ?? databaseFailed(`cannot ${what}`, error);
  }
}

export function databaseFailed(what: string, cause: unknown): FedgeError {
  const root = rootCause(cause);
  const reason = root instanceof Error ? root.message : String(root);
  return new FedgeError(
    "DATABASE_FAILED",
    `${what}: ${reason}. Nothing was changed; check the database (disk space, connection, log) and try again.`,
    { cause },
  );
}

/** The name of the constraint that the statement broke, or undefined when it failed for another reason. */
export function violationOf(error: unknown): ConstraintViolation | undefined {
  const root = rootCause(error);
  if (typeof root !== "object" || root === null || !("code" in root) || !("constraint" in root))
    return undefined;
  const { code, constraint } = root;
  if (typeof constraint !== "string") return undefined;
  return code === UNIQUE_VIOLATION || code === FOREIGN_KEY_VIOLATION
    ? { sqlState: code, constraint }
    : undefined;
}

/** Drivers and the query builder wrap what the server said; the innermost error is the server's. */
export function rootCause(error: unknown): unknown {
  let root = error;
  for (let depth = 0; depth < 8 && root instanceof Error && root.cause instanceof Error; depth += 1) {
    root = root.cause;
  }
  return root;
}
