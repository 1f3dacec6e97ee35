/** Address of one rollout. */
export function rolloutPath(rolloutId: string): string {
  return `/v1/rollouts/${encodeURIComponent(rolloutId)}`;
}
