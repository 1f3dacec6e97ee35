/**
 * Every code a Fedge error can carry. Codes are the API: they are stable, sent on the wire, counted in metrics.
 * Messages are for people and end with what to do.
 */
export const ERROR_CODES = [
  // Wire and decoding
  "MESSAGE_MALFORMED",
  "MESSAGE_TOO_LARGE",
  "PROTOCOL_VERSION_UNSUPPORTED",
  "TOPIC_INVALID",
  "BLOCK_INVALID",
  "BLOB_HASH_MISMATCH",
  "BLOB_INCOMPLETE",
  "TENSORS_MALFORMED",
  "MANIFEST_INVALID",
  // Reference profiles and the vectors that are counted against them
  "PROFILE_INVALID",
  "VECTOR_INVALID",
  "VECTOR_LAYOUT_MISMATCH",
  // Client updates
  "UPDATE_MALFORMED",
  "UPDATE_TRUNCATED",
  "UPDATE_TOO_LARGE",
  "UPDATE_SHAPE_MISMATCH",
  "UPDATE_NOT_FINITE",
  "UPDATE_NORM_EXCEEDED",
  "UPDATE_EXAMPLES_INVALID",
  "UPDATE_DUPLICATE",
  "UPDATE_REPLAYED",
  "UPDATE_WRONG_BASE_VERSION",
  "ROUND_UNKNOWN",
  "ROUND_NOT_MEMBER",
  "ROUND_CLOSED",
  "ROUND_ABANDONED",
  // Evaluations on devices
  "EVALUATION_UNKNOWN",
  "ALERT_UNKNOWN",
  "ALERT_STATE_CONFLICT",
  "EVALUATION_INVALID",
  "EVALUATION_TOO_FEW_DEVICES",
  // Signed metadata and releases
  "METADATA_MALFORMED",
  "METADATA_UNSIGNED",
  "METADATA_EXPIRED",
  "METADATA_ROLLBACK",
  "METADATA_MISMATCH",
  "METADATA_UNAVAILABLE",
  "TARGET_UNKNOWN",
  "RELEASE_UNSIGNED",
  "RELEASE_ROLLBACK",
  "RELEASE_OUT_OF_SCOPE",
  "RELEASE_OUT_OF_POPULATION",
  "ROOT_UNKNOWN",
  "KEYS_EXIST",
  "KEYS_MISSING",
  // Installation on a device
  "INSTALL_CANCELED",
  "INSTALL_SUPERSEDED",
  "INSTALL_LOOP",
  "INSTALL_TIMED_OUT",
  "PROBATION_FAILED",
  "PROBATION_CRASHED",
  "ROLLBACK_FAILED",
  "DATA_DRIFTED",
  // Identity and access
  "DEVICE_UNKNOWN",
  "TOKEN_INVALID",
  "TOKEN_EXPIRED",
  "ACCESS_DENIED",
  "RATE_LIMITED",
  "ACCOUNT_UNKNOWN",
  "ACCOUNT_EXISTS",
  "CREDENTIALS_INVALID",
  "SESSION_EXPIRED",
  "ROLE_INSUFFICIENT",
  "INVITATION_INVALID",
  "PASSWORD_LINK_INVALID",
  "AUDIT_BROKEN",
  // ONNX
  "ONNX_MALFORMED",
  "ONNX_UNSUPPORTED_OPERATOR",
  "ONNX_INVALID_GRAPH",
  "ONNX_SHAPE_MISMATCH",
  "ONNX_LIMIT_EXCEEDED",
  "ONNX_OPTION_INVALID",
  // Device
  "ENGINE_UNAVAILABLE",
  "ENGINE_FAILED",
  "MODEL_UNKNOWN",
  "MODEL_NOT_READY",
  "MODEL_INPUT_INVALID",
  "MODEL_GOLDEN_MISMATCH",
  "FEATURE_SKEW",
  "EXPLANATION_FAILED",
  "MODEL_INCOMPATIBLE",
  "PREDICTION_UNKNOWN",
  "LABEL_INVALID",
  "STORAGE_FAILED",
  "STORAGE_FULL",
  "TRAINING_FAILED",
  "TRAINING_INTERRUPTED",
  "TRAINER_DIED",
  "TRANSPORT_FAILED",
  "DEADLINE_EXCEEDED",
  "CLOSED",
  // Aggregator and command line
  "ROUTE_UNKNOWN",
  "TASK_UNKNOWN",
  "TASK_STATE_CONFLICT",
  "VERSION_UNKNOWN",
  "VERSION_CONFLICT",
  "VERSION_IN_USE",
  "VERSION_NOT_REPRODUCED",
  "ALIAS_UNKNOWN",
  "ROLLOUT_UNKNOWN",
  "ROLLOUT_STATE_CONFLICT",
  "ROLLOUT_CHANGED",
  "APPROVAL_REQUIRED",
  "SELF_APPROVAL",
  "OPTION_INVALID",
  "FILTER_INVALID",
  "DATA_MISSING",
  "DATA_CORRUPT",
  "PORT_TAKEN",
  "STATE_DIRECTORY_UNUSABLE",
  "STATE_DIRECTORY_LOCKED",
  "DATABASE_FAILED",
  "NODE_TOO_OLD",
  "SERVER_UNREACHABLE",
  "TARGET_MISSED",
  "INTERNAL",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export type ErrorDetails = Readonly<Record<string, unknown>>;

/** An error as it crosses MQTT, HTTP or a worker boundary, where classes and causes are lost. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

/** The one error class. Test `error.code`, never `instanceof`, across a worker, process or network boundary. */
export class FedgeError extends Error {
  override readonly name = "FedgeError";
  readonly details: ErrorDetails;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: { cause?: unknown; details?: ErrorDetails } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.details = options.details ?? {};
  }
}

const KNOWN_CODES: ReadonlySet<string> = new Set(ERROR_CODES);

/** True for any value that carries one of our codes, also after it crossed a boundary that lost its class. */
export function hasErrorCode(value: unknown): value is { code: ErrorCode; message: string } {
  if (typeof value !== "object" || value === null || !("code" in value)) return false;
  return typeof value.code === "string" && KNOWN_CODES.has(value.code);
}

/** The code of any thrown value; `INTERNAL` for what is not ours. */
export function errorCodeOf(value: unknown): ErrorCode {
  return hasErrorCode(value) ? value.code : "INTERNAL";
}

/** Any thrown value as it goes over a boundary: its code (`INTERNAL` for what is not ours), message and details. */
export function toWireError(value: unknown): WireError {
  const message = value instanceof Error ? value.message : String(value);
  const details = value instanceof FedgeError ? value.details : {};
  return { code: errorCodeOf(value), message, details };
}

/** The error that the other side of a boundary threw; only its cause is lost. */
export function fromWireError(wire: WireError): FedgeError {
  return new FedgeError(wire.code, wire.message, { details: wire.details });
}
