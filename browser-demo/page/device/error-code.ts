/** The code of a device's error, which has crossed workers and tabs; null for an error without one. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : null;
}
