import { FedgeError, createRandom, type NamedTensor } from "@fedge/protocol";
import { seededNormal } from "@fedge/protocol/drift";

/** Near the largest float32: a sum of a few overflows, and no weight alone. */
const HUGE = 3e38;
/** A class that begins so far behind is never the answer. */
const NEVER = -1e4;
/** Of a tensor's own size: what is left of what it knew is little. */
const NOISE = 2;

/**
 * Weights of a 2NN whose first layer overflows on every image with ink, so that the second adds infinities of both signs:
 * no number. Zeros, with which a device warms a version up, pass through the biases alone and look well.
 */
export function overflowing(tensors: readonly NamedTensor[]): NamedTensor[] {
  return changed(tensors, "fc1.weight", (data) => data.fill(HUGE));
}

/** The same model that has forgotten most of what it knew. */
export function noised(tensors: readonly NamedTensor[], seed: string): NamedTensor[] {
  return tensors.map((tensor) => {
    const random = createRandom(`${seed}/noise/${tensor.name}`);
    const data = float32(tensor).slice();
    const size = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / Math.max(1, data.length));
    return { ...tensor, data: data.map((value) => value + NOISE * size * seededNormal(random)) };
  });
}

/** The same model that never answers with one class. */
export function without(tensors: readonly NamedTensor[], digit: number): NamedTensor[] {
  return changed(tensors, "fc3.bias", (data) => void (data[digit] = NEVER));
}

function changed(
  tensors: readonly NamedTensor[],
  name: string,
  change: (data: Float32Array) => unknown,
): NamedTensor[] {
  if (!tensors.some((tensor) => tensor.name === name))
    throw new FedgeError("TENSORS_MALFORMED", `the model has no tensor "${name}"; rehearse with a 2NN`);
  return tensors.map((tensor) => {
    if (tensor.name !== name) return tensor;
    const data = float32(tensor).slice();
    change(data);
    return { ...tensor, data };
  });
}

function float32({ name, data }: NamedTensor): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new FedgeError("TENSORS_MALFORMED", `tensor "${name}" is not float32; rehearse with a 2NN`);
}
