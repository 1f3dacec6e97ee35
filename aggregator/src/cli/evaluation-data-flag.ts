import { FedgeError } from "@fedge/protocol";
import type { EvaluationData, EvaluationDataSource } from "../evaluation/evaluation-data.js";
import { readMnistTest } from "../simulation/data/mnist.js";
import { heldOutImages } from "../simulation/digits.js";
import { evaluationDataOf, portsOf } from "../simulation/workload.js";

const FORM = /^([A-Za-z0-9_-]{1,64})=(.+)$/;

/**
 * Held-out images of `model=directory`, read before the server starts.
 *
 * Throws OPTION_INVALID for another form, DATA_MISSING or DATA_CORRUPT for files that cannot be used.
 */
export async function readEvaluationData(
  flag: string | undefined,
): Promise<EvaluationDataSource | undefined> {
  if (flag === undefined) return undefined;
  const [, model, directory] = FORM.exec(flag) ?? [];
  if (model === undefined || directory === undefined) {
    throw new FedgeError("OPTION_INVALID", `--evaluation-data takes model=directory, not "${flag}"`);
  }
  const images = await readMnistTest(directory);
  const kept: { data: EvaluationData | null } = { data: null };
  return (name, manifest) => {
    if (name !== model) return undefined;
    kept.data ??= evaluationDataOf(heldOutImages(images), portsOf(manifest));
    return kept.data;
  };
}
