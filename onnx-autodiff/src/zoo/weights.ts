import type { Tensor } from "../onnx/tensor.js";

/**
 * Uniform numbers in [0, 1) from a seed: splitmix32. Integer operations only, so every platform gives the same.
 *
 * Source: Steele et al. 2014, "Fast splittable pseudorandom number generators", 32-bit variant.
 */
export function createUniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    mixed ^= mixed >>> 15;
    return (mixed >>> 0) / 0x1_0000_0000;
  };
}

/** float32 weights, uniform in [-limit, limit). */
export function uniformTensor(shape: readonly number[], limit: number, uniform: () => number): Tensor {
  const size = shape.reduce((product, dim) => product * dim, 1);
  const data = Float32Array.from({ length: size }, () => (2 * uniform() - 1) * limit);
  return { elementType: "float32", shape, data };
}

/** Variance 2 / (inputs + outputs): for linear outputs (Glorot & Bengio 2010, eq. 16). Shape [inputs, outputs]. */
export function glorotUniform(inputs: number, outputs: number, uniform: () => number): Tensor {
  return uniformTensor([inputs, outputs], Math.sqrt(6 / (inputs + outputs)), uniform);
}

/** Variance 2 / inputs: before a ReLU (He et al. 2015, eq. 10). Shape [inputs, outputs]. */
export function heUniform(inputs: number, outputs: number, uniform: () => number): Tensor {
  return uniformTensor([inputs, outputs], Math.sqrt(6 / inputs), uniform);
}

export function zeros(shape: readonly number[]): Tensor {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return { elementType: "float32", shape, data: new Float32Array(size) };
}

/** A float32 matrix [a, b] as [b, a]. */
export function transposed(matrix: Tensor): Tensor {
  const [rows = 0, columns = 0] = matrix.shape;
  const data = Float32Array.from({ length: rows * columns }, (_, index) =>
    Number(matrix.data[(index % rows) * columns + Math.floor(index / rows)]),
  );
  return { elementType: "float32", shape: [columns, rows], data };
}
