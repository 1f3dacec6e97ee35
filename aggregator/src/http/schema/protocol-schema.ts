import { z } from "@hono/zod-openapi";
import type * as mini from "zod/mini";

type Metadata = Exclude<Parameters<z.ZodUnknown["openapi"]>[0], string>;

/**
 * A protocol schema as one that HTTP can check and document: same values, same messages, every field at fault
 * reported. With a name it becomes a component of the OpenAPI document; without, it is written in place.
 */
export function fromProtocol<T extends mini.ZodMiniType>(
  schema: T,
  name?: string,
): z.ZodType<mini.output<T>> {
  const { $schema: _dialect, ...jsonSchema } = z.toJSONSchema(schema, { io: "input" });
  const checked = z.unknown().transform((value, context): mini.output<T> => {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    for (const issue of result.error.issues) {
      context.issues.push({ code: "custom", message: issue.message, path: issue.path, input: value });
    }
    return z.NEVER;
  });
  // JSON Schema 2020-12 is what OpenAPI 3.1 embeds; the two libraries only disagree on its TypeScript type.
  const metadata = jsonSchema as Metadata;
  return name === undefined ? checked.openapi(metadata) : checked.openapi(name, metadata);
}
