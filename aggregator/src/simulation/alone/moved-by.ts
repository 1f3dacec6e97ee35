import { numValues, type NamedTensor, type TensorShape } from "@fedge/protocol";

/** The tensors after a device's update: `delta` holds the parameters one after the other; other tensors stay. */
export function movedBy(
  tensors: readonly NamedTensor[],
  delta: Float32Array,
  parameters: readonly TensorShape[],
): NamedTensor[] {
  const offsets = new Map<string, number>();
  let offset = 0;
  for (const { name, shape } of parameters) {
    offsets.set(name, offset);
    offset += numValues(shape);
  }
  return tensors.map((tensor) => {
    const first = offsets.get(tensor.name);
    if (first === undefined) return tensor;
    const data = Float32Array.from(
      tensor.data as Float32Array,
      (value, at) => value + (delta[first + at] ?? 0),
    );
    return { ...tensor, data };
  });
}
