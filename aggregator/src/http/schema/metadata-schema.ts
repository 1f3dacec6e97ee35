import { z } from "@hono/zod-openapi";

export const metadataFileParams = z.object({ file: z.string().regex(/^[a-z0-9.]{1,64}$/) });

export const targetFileParams = z.object({
  model: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  version: z.string().regex(/^[1-9][0-9]{0,9}$/),
  file: z.string().regex(/^[0-9a-f]{64}\.manifest\.json$/),
});
