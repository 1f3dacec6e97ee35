import * as z from "zod/mini";

/** What a shadow made of more rows is not remembered: a row of the log must not grow by what nobody asked it to keep. */
export const MAX_SHADOW_ROWS = 64;

const answer = z.object({
  version: z.int().check(z.gte(0)),
  classes: z.array(z.int().check(z.gte(-1))).check(z.minLength(1), z.maxLength(MAX_SHADOW_ROWS)),
});

/** What a shadow made of a prediction's request, as codecs of rows read it. */
export const shadowAnswer = z.optional(answer);
