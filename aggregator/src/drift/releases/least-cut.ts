/** An undirected graph: `weights[i][j]` between two nodes, 0 for none. */
export type Weights = readonly (readonly number[])[];

export interface Cut {
  readonly weight: number;
  /** The nodes of one side. */
  readonly side: ReadonlySet<number>;
}

/**
 * The least cut above 0: of each connected part, the one that divides it by the least weight; null where no part has two nodes.
 * Source: M. Stoer and F. Wagner, Journal of the ACM 44, 1997.
 */
export function leastCut(weights: Weights): Cut | null {
  let least: Cut | null = null;
  for (const part of partsOf(weights)) {
    const cut = leastCutOf(weights, part);
    if (cut !== null && (least === null || cut.weight < least.weight)) least = cut;
  }
  return least;
}

/** Nodes that are connected, part by part. */
function partsOf(weights: Weights): number[][] {
  const seen = new Set<number>();
  const parts: number[][] = [];
  for (const start of weights.keys()) {
    if (seen.has(start)) continue;
    const part = [start];
    seen.add(start);
    for (const node of part)
      for (const [other, weight] of (weights[node] ?? []).entries())
        if (weight > 0 && !seen.has(other)) {
          seen.add(other);
          part.push(other);
        }
    parts.push(part);
  }
  return parts;
}

function leastCutOf(weights: Weights, part: readonly number[]): Cut | null {
  const between = weights.map((row) => [...row]);
  // What each node stands for once others have joined it.
  const merged = new Map(part.map((node) => [node, [node]]));
  const nodes = [...part];
  let least: Cut | null = null;
  while (nodes.length > 1) {
    const { last, before, weight } = lastAdded(between, nodes);
    if (least === null || weight < least.weight) least = { weight, side: new Set(merged.get(last)) };
    merged.set(before, [...(merged.get(before) ?? []), ...(merged.get(last) ?? [])]);
    nodes.splice(nodes.indexOf(last), 1);
    for (const node of nodes) join(between, { node, before, last });
  }
  return least;
}

/** A maximum adjacency order: the last node's weight to all others is the least cut between it and the one before. */
function lastAdded(between: readonly (readonly number[])[], nodes: readonly number[]) {
  const rest = new Map(nodes.map((node) => [node, 0]));
  let [last, before, weight] = [-1, -1, 0];
  while (rest.size > 0) {
    const [next, reached] = [...rest].reduce((best, each) => (each[1] > best[1] ? each : best));
    rest.delete(next);
    [before, last, weight] = [last, next, reached];
    for (const [node, sum] of rest) rest.set(node, sum + (between[next]?.[node] ?? 0));
  }
  return { last, before, weight };
}

function join(
  between: number[][],
  { node, before, last }: { readonly node: number; readonly before: number; readonly last: number },
): void {
  if (node === before) return;
  const sum = (between[node]?.[before] ?? 0) + (between[node]?.[last] ?? 0);
  (between[node] as number[])[before] = sum;
  (between[before] as number[])[node] = sum;
}
