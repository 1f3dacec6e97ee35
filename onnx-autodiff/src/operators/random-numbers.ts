import { newNode } from "../graph/node.js";
import { dataTypeOf } from "../onnx/element-type.js";
import type { Attributes } from "../onnx/attributes.js";
import type { NodeProto } from "../onnx/proto.js";

/** State tensor that the train graph's random numbers follow from: float32 scalar, a whole number below 2^24. */
export const DROPOUT_SEED = "dropout.seed";

/** Random numbers are whole and below this prime, 2^31 - 1: products of two fit in an int64. */
export const RANDOM_RANGE = 2 ** 31 - 1;

/** Primitive roots modulo 2^31 - 1 with good spectra (Park and Miller 1988; L'Ecuyer 1999, table 2). */
const MULTIPLIERS = [48_271, 1_583_458_089, 784_588_716] as const;

/**
 * Nodes that give a random int64 in [0, 2^31 - 1) for each element of `like`, from `dropout.seed`, the element's index
 * and the name of the place where they are used. Standard integer operators only, so every runtime gives the same.
 *
 * A cubic polynomial of the mixed index modulo a prime: linear generators leave a lattice over neighbouring indices.
 */
export function randomNumbers(options: {
  readonly like: string;
  readonly prefix: string;
  readonly output: string;
}): readonly NodeProto[] {
  const { like, prefix, output } = options;
  const name = (part: string): string => `${prefix}/${part}`;
  const step = (
    type: string,
    inputs: readonly string[],
    made: string,
    attributes: Attributes = {},
  ): NodeProto => newNode({ type, inputs, outputs: [name(made)], attributes });
  const number = (made: string, value: number): NodeProto => step("Constant", [], made, { value_int: value });
  const product = (a: string, b: string, made: string): readonly NodeProto[] => [
    step("Mul", [name(a), name(b)], `${made}-wide`),
    step("Mod", [name(`${made}-wide`), name("prime")], made),
  ];
  const sum = (a: string, b: string, made: string): NodeProto => step("Add", [name(a), name(b)], made);
  return [
    number("prime", RANDOM_RANGE),
    number("zero", 0),
    number("one", 1),
    number("place", hashOf(prefix)),
    ...MULTIPLIERS.map((value, index) => number(`factor${index}`, value)),
    step("Size", [like], "size"),
    step("Shape", [like], "shape"),
    step("Range", [name("zero"), name("size"), name("one")], "index"),
    step("Cast", [DROPOUT_SEED], "seed", { to: dataTypeOf("int64") }),
    ...product("seed", "factor1", "seed-mixed"),
    sum("seed-mixed", "place", "origin"),
    ...product("index", "factor0", "index-mixed"),
    sum("index-mixed", "origin", "point-open"),
    step("Mod", [name("point-open"), name("prime")], "point"),
    ...product("point", "point", "square"),
    sum("square", "factor2", "shifted"),
    ...product("shifted", "point", "cube"),
    newNode({ type: "Reshape", inputs: [name("cube"), name("shape")], outputs: [output] }),
  ];
}

/** FNV-1a of a text, below 2^31 - 1. Source: Fowler, Noll and Vo, draft-eastlake-fnv. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0) % RANDOM_RANGE;
}
