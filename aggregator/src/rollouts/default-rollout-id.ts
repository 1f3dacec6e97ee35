/** A name that says what is rolled out and when: `digits-7-mij3k0zk`. */
export function defaultRolloutId(model: string, version: number, atMs: number): string {
  const tail = `-${version}-${Math.floor(atMs).toString(36)}`;
  return `${model.replaceAll(/[^A-Za-z0-9_-]/g, "-").slice(0, 64 - tail.length)}${tail}`;
}
