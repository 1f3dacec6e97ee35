/** What went wrong and what to do, where it went wrong. */
export function Problem({ error, testId }: { readonly error: Error; readonly testId?: string }) {
  return (
    <p className="problem" role="alert" data-testid={testId}>
      {error.message}
    </p>
  );
}
