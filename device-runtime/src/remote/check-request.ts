import { FedgeError, modelName, type ErrorCode } from "@fedge/protocol";
import * as z from "zod/mini";
import type { DeviceHello, DeviceRequest } from "./device-request.js";

/** Tensors of one request, all together. */
const MAX_TENSOR_BYTES = 64 * 1024 * 1024;
const MAX_NAME_LENGTH = 256;
const MAX_FIELDS = 64;
const MAX_IDS = 10_000;

const name = z.string().check(z.minLength(1), z.maxLength(MAX_NAME_LENGTH));

const typedArray = z.custom<ArrayBufferView>(
  (value) =>
    value instanceof Float32Array ||
    value instanceof Float64Array ||
    value instanceof BigInt64Array ||
    value instanceof Int32Array ||
    value instanceof Uint8Array,
);

const number = z.union([z.number(), z.bigint()]);

const tensorLike = z.union([
  z.object({ shape: z.array(z.int().check(z.gte(0))).check(z.maxLength(16)), data: typedArray }),
  typedArray,
  z.array(number).check(z.maxLength(MAX_TENSOR_BYTES / 8)),
  number,
]);

const inputs = z
  .record(name, tensorLike)
  .check(z.refine((given) => sizeOf(Object.values(given)) <= MAX_TENSOR_BYTES, "is larger than 64 MiB"));

const field = z.union([z.string().check(z.maxLength(10_000)), z.number(), z.boolean(), z.null()]);

/** A list, a set or a map would pass as an object without fields, which means every row. */
const plainObject = z.custom<Record<string, unknown>>(
  (value) => Object.prototype.toString.call(value) === "[object Object]",
);
/** A field that is there has a value: one that goes unheeded would mean every row. */
const noneUndefined = z.refine(
  (given: unknown) => Object.values(given as object).every((value) => value !== undefined),
  "has a field without a value",
);

const selection = {
  ids: z.optional(z.array(name).check(z.maxLength(MAX_IDS))),
  model: z.optional(name),
  fromMs: z.optional(z.number()),
  untilMs: z.optional(z.number()),
  isLabelled: z.optional(z.boolean()),
};

const consent = z.strictObject({
  training: z.optional(z.boolean()),
  reporting: z.optional(z.boolean()),
});

const deviceRequest = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("predict"), model: name, inputs }),
  z.strictObject({
    kind: z.literal("log"),
    id: name,
    fields: z
      .record(name, field)
      .check(z.refine((fields) => Object.keys(fields).length <= MAX_FIELDS, "has too many fields")),
  }),
  z.strictObject({ kind: z.literal("label"), id: name, truth: tensorLike }),
  z.strictObject({
    kind: z.literal("query"),
    query: z.pipe(
      plainObject,
      z
        .strictObject({
          ...selection,
          limit: z.optional(z.int().check(z.gte(0))),
          beforeId: z.optional(name),
        })
        .check(noneUndefined),
    ),
  }),
  z.strictObject({
    kind: z.literal("erase"),
    selection: z.pipe(plainObject, z.strictObject(selection).check(noneUndefined)),
  }),
  z.strictObject({ kind: z.literal("forget") }),
  z.strictObject({ kind: z.literal("consent"), consent }),
]);

const deviceHello = z.strictObject({
  server: z.optional(z.string().check(z.maxLength(2048))),
  models: z.array(modelName).check(z.minLength(1), z.maxLength(64)),
  consent,
});

/** What an app can give wrongly: the device itself refuses it with the same code. */
const CODE_OF_FIELD: ReadonlyMap<unknown, ErrorCode> = new Map<unknown, ErrorCode>([
  ["inputs", "MODEL_INPUT_INVALID"],
  ["id", "PREDICTION_UNKNOWN"],
  ["fields", "OPTION_INVALID"],
  ["truth", "LABEL_INVALID"],
  ["query", "OPTION_INVALID"],
  ["selection", "OPTION_INVALID"],
]);

/**
 * What came over a line, as a request. Throws, naming the field, what the device itself throws for what an app gave
 * wrongly, and MESSAGE_MALFORMED for what no app can say.
 */
export function checkRequest(given: unknown): DeviceRequest {
  return checked(deviceRequest, given, "request") as DeviceRequest;
}

/** What came over a line, as a hello. Throws MESSAGE_MALFORMED naming the field. */
export function checkHello(given: unknown): DeviceHello {
  return checked(deviceHello, given, "hello") as DeviceHello;
}

function checked<T>(schema: z.ZodMiniType<T>, given: unknown, what: string): T {
  const result = z.safeParse(schema, given);
  if (result.success) return result.data;
  const { path = [], message = "is malformed" } = result.error.issues[0] ?? {};
  const where = path.length === 0 ? what : `${what}.${path.join(".")}`;
  throw new FedgeError(CODE_OF_FIELD.get(path[0]) ?? "MESSAGE_MALFORMED", `${where}: ${message}`);
}

function sizeOf(values: readonly z.infer<typeof tensorLike>[]): number {
  return values.reduce<number>((sum, value) => sum + sizeOfOne(value), 0);
}

function sizeOfOne(value: z.infer<typeof tensorLike>): number {
  if (typeof value !== "object") return 8;
  if (Array.isArray(value)) return value.length * 8;
  return "data" in value ? value.data.byteLength : value.byteLength;
}
