/** Asks again and again until the answer is something; fails with `what` after the deadline, which a busy machine may need. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  withinMs = 120_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let problem: unknown = null;
  while (performance.now() < deadline) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      problem = error;
    }
    await pause(50);
  }
  throw new Error(`waited ${withinMs} ms for ${what}`, { cause: problem });
}

/** Lets a process under test go on for a while, where the point is that nobody knows what it is doing then. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
