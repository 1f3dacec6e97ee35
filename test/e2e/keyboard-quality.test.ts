import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { runFedge } from "./fedge-command.js";

interface Measured {
  readonly suggestions: Readonly<Record<"federated" | "trigrams" | "alone", { readonly top3Recall: number }>>;
}

/** A third of the fleet and of the rounds of the table in BENCHMARKS.md; the same bars. */
const OPTIONS =
  "--model next-word --devices 30 --fraction 0.34 --rounds 40 --batch 16 --learning-rate 1 --server-optimizer fedadam " +
  "--server-learning-rate 0.02 --alone 2 --test-examples 500 --seed 1 --json";

test("the fleet's keyboard suggests better than devices alone, and than trigrams of all their text", async () => {
  const { stdout } = await runFedge(["simulate", ...OPTIONS.split(" ")], { cwd: tmpdir() });
  const { suggestions } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Measured;
  const { federated, trigrams, alone } = suggestions;

  expect(federated.top3Recall).toBeGreaterThan(trigrams.top3Recall);
  expect(federated.top3Recall).toBeGreaterThanOrEqual(1.3 * alone.top3Recall);
});
