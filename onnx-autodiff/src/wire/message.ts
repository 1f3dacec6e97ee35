import { type WireReader, WIRE_BYTES, WIRE_FIXED32, WIRE_FIXED64, WIRE_VARINT } from "./reader.js";
import { WireWriter } from "./writer.js";

/** Shared by all repeated fields without values, of which a file may have millions. */
const NO_VALUES: readonly never[] = [];

/** Fields that a message's table does not name, kept as raw bytes (tag included) so that rewriting loses nothing. */
export interface WireMessage {
  readonly unknownFields: readonly Uint8Array[];
}

/** How one field of a message is read and written. `previous` is what earlier occurrences of the field gave. */
export interface FieldCodec<V> {
  initial(): V;
  read(reader: WireReader, wireType: number, previous: V): V;
  write(writer: WireWriter, fieldNumber: number, value: V): void;
}

export interface MessageCodec<T extends WireMessage> {
  read(reader: WireReader): T;
  write(writer: WireWriter, message: T): void;
}

/** Field number and codec of every known field of message `T`. */
export type FieldTable<T extends WireMessage> = {
  readonly [K in Exclude<keyof T, "unknownFields">]-?: readonly [number: number, codec: FieldCodec<T[K]>];
};

interface TableRow {
  readonly key: string;
  readonly number: number;
  readonly codec: FieldCodec<unknown>;
}

/** Codec of a message from its field table. */
export function messageCodec<T extends WireMessage>(table: FieldTable<T>): MessageCodec<T> {
  const entries = Object.entries(table) as [string, readonly [number, FieldCodec<unknown>]][];
  const rows = entries.map(([key, [number, codec]]): TableRow => ({ key, number, codec }));
  const byNumber = new Map(rows.map((row) => [row.number, row]));
  return {
    read: (reader) => readMessage(reader, rows, byNumber) as unknown as T,
    write: (writer, message) => {
      const values = message as unknown as Readonly<Record<string, unknown>>;
      for (const row of rows) row.codec.write(writer, row.number, values[row.key]);
      for (const raw of message.unknownFields) writer.raw(raw);
    },
  };
}

function readMessage(
  reader: WireReader,
  rows: readonly TableRow[],
  byNumber: ReadonlyMap<number, TableRow>,
): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  const unknownFields: Uint8Array[] = [];
  for (const row of rows) message[row.key] = row.codec.initial();
  while (!reader.isDone) {
    const start = reader.offset;
    const { fieldNumber, wireType } = reader.tag();
    const row = byNumber.get(fieldNumber);
    if (row !== undefined) {
      message[row.key] = row.codec.read(reader, wireType, message[row.key]);
    } else {
      reader.skip(wireType);
      unknownFields.push(reader.since(start));
    }
  }
  return { ...message, unknownFields };
}

interface Scalar<V> {
  readonly wireType: number;
  read(reader: WireReader): V;
  write(writer: WireWriter, value: V): void;
}

export const INT: Scalar<number> = {
  wireType: WIRE_VARINT,
  read: (reader) => reader.int(),
  write: (writer, value) => writer.int(value),
};
export const INT64: Scalar<bigint> = {
  wireType: WIRE_VARINT,
  read: (reader) => reader.int64(),
  write: (writer, value) => writer.int64(value),
};
export const FLOAT: Scalar<number> = {
  wireType: WIRE_FIXED32,
  read: (reader) => reader.float(),
  write: (writer, value) => writer.float(value),
};
export const DOUBLE: Scalar<number> = {
  wireType: WIRE_FIXED64,
  read: (reader) => reader.double(),
  write: (writer, value) => writer.double(value),
};
export const BYTES: Scalar<Uint8Array> = {
  wireType: WIRE_BYTES,
  read: (reader) => reader.bytes(),
  write: (writer, value) => writer.bytes(value),
};
export const STRING: Scalar<string> = {
  wireType: WIRE_BYTES,
  read: (reader) => reader.string(),
  write: (writer, value) => writer.string(value),
};

/** A nested message as a field value; the thunk lets message types refer to each other. */
export function nested<T extends WireMessage>(codec: () => MessageCodec<T>): Scalar<T> {
  return {
    wireType: WIRE_BYTES,
    read: (reader) => codec().read(reader.nested()),
    write: (writer, value) => {
      const inner = new WireWriter();
      codec().write(inner, value);
      writer.nested(inner);
    },
  };
}

/** A field whose absence is meaningful. */
export function optional<V>(scalar: Scalar<V>): FieldCodec<V | undefined> {
  return {
    initial: () => undefined,
    read(reader, wireType) {
      reader.expectWireType(wireType, scalar.wireType);
      return scalar.read(reader);
    },
    write(writer, fieldNumber, value) {
      if (value === undefined) return;
      writer.tag(fieldNumber, scalar.wireType);
      scalar.write(writer, value);
    },
  };
}

/** A field whose absence equals `fallback`, which is not written. */
export function withDefault<V>(scalar: Scalar<V>, fallback: V): FieldCodec<V> {
  const codec = optional(scalar);
  return {
    initial: () => fallback,
    read: (reader, wireType) => codec.read(reader, wireType, undefined) ?? fallback,
    write: (writer, fieldNumber, value) =>
      codec.write(writer, fieldNumber, value === fallback ? undefined : value),
  };
}

/** A repeated field, one tag per element. Packed numbers are read as well, as protobuf demands. */
export function repeated<V>(scalar: Scalar<V>): FieldCodec<readonly V[]> {
  return {
    initial: () => NO_VALUES,
    read: (reader, wireType, previous) => readRepeated(scalar, reader, wireType, previous),
    write(writer, fieldNumber, values) {
      for (const value of values) {
        writer.tag(fieldNumber, scalar.wireType);
        scalar.write(writer, value);
      }
    },
  };
}

/** A repeated number field in one length-delimited run. Elements with their own tags are read as well. */
export function packed<V>(scalar: Scalar<V>): FieldCodec<readonly V[]> {
  return {
    initial: () => NO_VALUES,
    read: (reader, wireType, previous) => readRepeated(scalar, reader, wireType, previous),
    write(writer, fieldNumber, values) {
      if (values.length === 0) return;
      const inner = new WireWriter();
      for (const value of values) scalar.write(inner, value);
      writer.tag(fieldNumber, WIRE_BYTES);
      writer.nested(inner);
    },
  };
}

function readRepeated<V>(
  scalar: Scalar<V>,
  reader: WireReader,
  wireType: number,
  previous: readonly V[],
): readonly V[] {
  const into = previous === NO_VALUES ? [] : (previous as V[]);
  if (wireType === WIRE_BYTES && scalar.wireType !== WIRE_BYTES) {
    const run = reader.nested();
    while (!run.isDone) append(into, scalar.read(run), reader);
    return into;
  }
  reader.expectWireType(wireType, scalar.wireType);
  append(into, scalar.read(reader), reader);
  return into;
}

function append<V>(into: V[], value: V, reader: WireReader): void {
  reader.countValue(value);
  into.push(value);
}
