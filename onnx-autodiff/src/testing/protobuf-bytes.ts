/** Protobuf by hand, so that tests can write what no careful writer would. */

export function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return [...bytes, rest];
}

/** A length-delimited field. */
export function field(number: number, content: readonly number[] | string): number[] {
  const bytes = typeof content === "string" ? [...new TextEncoder().encode(content)] : content;
  return [...varint(number * 8 + 2), ...varint(bytes.length), ...bytes];
}

/** A varint field. */
export function int(number: number, value: number): number[] {
  return [...varint(number * 8), ...varint(value)];
}

/** ModelProto with a graph of these fields, opset 13. */
export function modelOf(...graphFields: readonly (readonly number[])[]): Uint8Array {
  return Uint8Array.from([...int(1, 7), ...field(7, graphFields.flat()), ...field(8, int(2, 13))]);
}

/** NodeProto as a field of a graph. */
export function node(
  type: string,
  inputs: readonly string[],
  outputs: readonly string[],
  rest: readonly number[] = [],
): number[] {
  const ins = inputs.flatMap((name) => field(1, name));
  const outs = outputs.flatMap((name) => field(2, name));
  return field(1, [...ins, ...outs, ...field(4, type), ...rest]);
}

/** ValueInfoProto of a float32 value as a field of a graph: 11 is an input, 12 an output. */
export function value(number: 11 | 12 | 13, name: string, dims: readonly (readonly number[])[]): number[] {
  const shape = dims.flatMap((dim) => field(1, dim));
  return field(number, [...field(1, name), ...field(2, field(1, [...int(1, 1), ...field(2, shape)]))]);
}

/** TensorProto of float32 with these dims and no contents, as an initializer of a graph. */
export function emptyTensor(name: string, dims: readonly number[], rest: readonly number[] = []): number[] {
  return field(5, [...dims.flatMap((dim) => int(1, dim)), ...int(2, 1), ...field(8, name), ...rest]);
}
