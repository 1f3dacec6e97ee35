import { FedgeError, toWireError, type ErrorCode } from "@fedge/protocol";
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { HttpLog } from "./ports.js";
import type { ErrorBody } from "./schema/basic-schema.js";

const STATUS_OF: Readonly<Partial<Record<ErrorCode, ContentfulStatusCode>>> = {
  MESSAGE_MALFORMED: 400,
  OPTION_INVALID: 400,
  FILTER_INVALID: 400,
  MODEL_INPUT_INVALID: 400,
  TOKEN_INVALID: 401,
  TOKEN_EXPIRED: 401,
  CREDENTIALS_INVALID: 401,
  SESSION_EXPIRED: 401,
  ACCESS_DENIED: 403,
  ROLE_INSUFFICIENT: 403,
  INVITATION_INVALID: 403,
  PASSWORD_LINK_INVALID: 403,
  APPROVAL_REQUIRED: 403,
  SELF_APPROVAL: 403,
  ROUTE_UNKNOWN: 404,
  DEVICE_UNKNOWN: 404,
  TASK_UNKNOWN: 404,
  ROUND_UNKNOWN: 404,
  MODEL_UNKNOWN: 404,
  VERSION_UNKNOWN: 404,
  BLOB_INCOMPLETE: 404,
  ALIAS_UNKNOWN: 404,
  ROLLOUT_UNKNOWN: 404,
  EVALUATION_UNKNOWN: 404,
  DATA_MISSING: 404,
  ALERT_UNKNOWN: 404,
  ACCOUNT_UNKNOWN: 404,
  METADATA_UNAVAILABLE: 404,
  TARGET_UNKNOWN: 404,
  TASK_STATE_CONFLICT: 409,
  VERSION_CONFLICT: 409,
  VERSION_IN_USE: 409,
  VERSION_NOT_REPRODUCED: 409,
  ROLLOUT_STATE_CONFLICT: 409,
  EVALUATION_TOO_FEW_DEVICES: 409,
  ROLLOUT_CHANGED: 409,
  ALERT_STATE_CONFLICT: 409,
  ACCOUNT_EXISTS: 409,
  KEYS_EXIST: 409,
  KEYS_MISSING: 409,
  MODEL_INCOMPATIBLE: 409,
  MESSAGE_TOO_LARGE: 413,
  ONNX_MALFORMED: 422,
  ONNX_UNSUPPORTED_OPERATOR: 422,
  ONNX_INVALID_GRAPH: 422,
  ONNX_SHAPE_MISMATCH: 422,
  ONNX_LIMIT_EXCEEDED: 422,
  ONNX_OPTION_INVALID: 422,
  TRAINING_FAILED: 422,
  MANIFEST_INVALID: 422,
  PROFILE_INVALID: 422,
  TENSORS_MALFORMED: 422,
  RATE_LIMITED: 429,
  DATABASE_FAILED: 503,
  STORAGE_FAILED: 503,
  STORAGE_FULL: 503,
  TRANSPORT_FAILED: 503,
  DEADLINE_EXCEEDED: 503,
  CLOSED: 503,
};

/** HTTP status of an error code; 500 for what a caller can do nothing about. */
export function statusOf(code: ErrorCode): ContentfulStatusCode {
  return STATUS_OF[code] ?? 500;
}

/** The response for a thrown value. What is not ours is logged and answered without its text. */
export function errorResponse(context: Context, thrown: unknown, log: HttpLog): Response {
  const wire = toWireError(thrown);
  const status = statusOf(wire.code);
  if (status === 500) {
    log.error({ err: thrown, method: context.req.method, path: context.req.path }, "request failed");
  }
  const error: ErrorBody["error"] =
    wire.code === "INTERNAL"
      ? { code: "INTERNAL", message: "the server failed; its log says why", details: {} }
      : { ...wire };
  if (status === 401) context.header("WWW-Authenticate", 'Bearer realm="fedge"');
  const retryAfterMs = wire.details["retryAfterMs"];
  if (typeof retryAfterMs === "number") {
    context.header("Retry-After", String(Math.max(1, Math.ceil(retryAfterMs / 1000))));
  }
  return context.json({ error } satisfies ErrorBody, status);
}

export interface FieldFault {
  readonly path: string;
  readonly message: string;
}

/** OPTION_INVALID with every field at fault in `details.fields`; the message names the first. */
export function fieldError(
  what: string,
  issues: readonly { path: PropertyKey[]; message: string }[],
): FedgeError {
  const fields: FieldFault[] = issues.map((issue) => ({
    path: issue.path.map(String).join("."),
    message: issue.message,
  }));
  const first = fields[0];
  const place = first === undefined || first.path === "" ? "" : `"${first.path}": `;
  const more = fields.length > 1 ? ` (and ${fields.length - 1} more)` : "";
  return new FedgeError("OPTION_INVALID", `${what}: ${place}${first?.message ?? "invalid"}${more}`, {
    details: { fields },
  });
}
