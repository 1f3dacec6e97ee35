import type { Dim } from "./tensor-type.js";

/** Row-major contents at the given indices of each axis: what slicing and transposing pick of a small tensor. */
export function pickContents(
  contents: readonly Dim[],
  shape: readonly number[],
  picks: readonly (readonly number[])[],
): readonly Dim[] {
  return picks
    .reduce<readonly number[]>(
      (offsets, pick, axis) => {
        const stride = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
        return offsets.flatMap((offset) => pick.map((index) => offset + index * stride));
      },
      [0],
    )
    .map((offset) => contents[offset] ?? 0);
}

/** Row-major contents of a small tensor with its axes in another order. */
export function transposeContents(
  contents: readonly Dim[],
  shape: readonly number[],
  perm: readonly number[],
): readonly Dim[] {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  return perm
    .reduce<readonly number[]>(
      (offsets, axis) =>
        offsets.flatMap((offset) =>
          Array.from({ length: shape[axis] ?? 1 }, (_, index) => offset + index * (strides[axis] ?? 1)),
        ),
      [0],
    )
    .map((offset) => contents[offset] ?? 0);
}
