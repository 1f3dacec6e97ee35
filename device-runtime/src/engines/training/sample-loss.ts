/**
 * Mean loss over batches of one size, with the weights as they are: the same batches before and after a training say
 * whether it helped. Null when it is no finite number.
 */
export async function sampleLoss<Batch>(
  batches: Iterable<Batch>,
  lossOf: (batch: Batch) => Promise<number>,
): Promise<number | null> {
  let sum = 0;
  let numBatches = 0;
  for (const batch of batches) {
    sum += await lossOf(batch);
    numBatches += 1;
  }
  const mean = sum / numBatches;
  return Number.isFinite(mean) ? mean : null;
}
