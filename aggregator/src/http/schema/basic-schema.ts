import { z } from "@hono/zod-openapi";
import { ERROR_CODES, blobRef, deviceId, modelName, roundId, sha256, taskId } from "@fedge/protocol";
import { fromProtocol } from "./protocol-schema.js";

export const count = z.number().int().nonnegative();
export const atMs = z.number().describe("UTC epoch milliseconds");

export const taskIdText = fromProtocol(taskId);
export const roundIdText = fromProtocol(roundId);
export const modelNameText = fromProtocol(modelName);
export const deviceIdText = fromProtocol(deviceId);
export const sha256Text = fromProtocol(sha256);
export const blobRefBody = fromProtocol(blobRef, "BlobRef");
export const versionNumber = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

export const taskParams = z.object({ taskId: taskIdText });
export const roundParams = z.object({ roundId: roundIdText });
export const modelParams = z.object({ model: modelNameText });
export const versionParams = z.object({ model: modelNameText, version: versionNumber });
export const deviceParams = z.object({ deviceId: deviceIdText });

export const MAX_PAGE_ROWS = 1000;

/** Which rows of a list to give. */
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE_ROWS).default(100),
  offset: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
});

export const errorCode = z.enum(ERROR_CODES);

export const errorBody = z
  .object({
    error: z.object({
      code: errorCode,
      message: z.string(),
      details: z.record(z.string(), z.unknown()).readonly(),
    }),
  })
  .openapi("Error");
export type ErrorBody = z.infer<typeof errorBody>;
