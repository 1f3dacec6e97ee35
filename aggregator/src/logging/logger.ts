import { FedgeError } from "@fedge/protocol";
import pino, { type DestinationStream } from "pino";
import { redactText } from "./redaction.js";

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

type Fields = Readonly<Record<string, unknown>>;

/** What the aggregator's parts log with: fields for machines, one sentence for people. */
export interface Logger {
  debug(fields: Fields, message: string): void;
  info(fields: Fields, message: string): void;
  warn(fields: Fields, message: string): void;
  error(fields: Fields, message: string): void;
}

export interface ClosableLogger extends Logger {
  /** Writes what is buffered and closes the file. Idempotent; called last when the process stops. */
  close(): void;
}

/** Fields that hold secrets or addresses, at the top and one level down, whoever logs them. */
const SECRET_FIELDS = [
  "token",
  "password",
  "secret",
  "enrolmentKey",
  "adminToken",
  "privateKey",
  "publicKey",
  "signature",
  "proof",
  "authorization",
  "cookie",
  "ip",
  "address",
  "remoteAddress",
  "hostname",
] as const;

/**
 * One JSON object per line, to standard error (`file` null) or appended to a file.
 *
 * No token, key or network address is written: fields of those names are replaced, and so is what looks like one in
 * a message or an error's text. Devices appear under their pseudonymous ids. Throws OPTION_INVALID for a file that
 * cannot be opened.
 */
export function createLogger(options: {
  readonly level: LogLevel;
  readonly file: string | null;
}): ClosableLogger {
  const destination = openDestination(options.file);
  const logger = createLoggerTo(destination, options.level);
  let isOpen = true;
  return {
    ...logger,
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      destination.flushSync();
      if (options.file !== null) destination.end();
    },
  };
}

function openDestination(file: string | null) {
  try {
    return pino.destination({ dest: file ?? 2, sync: true, mkdir: file !== null, append: true });
  } catch (cause) {
    throw new FedgeError("OPTION_INVALID", `cannot write the log to ${file}; choose another --log-file`, {
      cause,
    });
  }
}

/** As `createLogger`, to any stream of lines. */
export function createLoggerTo(destination: DestinationStream, level: LogLevel): Logger {
  const paths = SECRET_FIELDS.flatMap((name) => [name, `*.${name}`]);
  const logger = pino(
    {
      level,
      // Process id and host name say nothing about the fleet; the host name may say something about a person.
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths, censor: "[redacted]" },
      serializers: { err: describeError, error: describeError, cause: describeError },
    },
    destination,
  );
  return {
    debug: (fields, message) => logger.debug({ ...fields }, redactText(message)),
    info: (fields, message) => logger.info({ ...fields }, redactText(message)),
    warn: (fields, message) => logger.warn({ ...fields }, redactText(message)),
    error: (fields, message) => logger.error({ ...fields }, redactText(message)),
  };
}

/** Details and other properties stay out: they may hold what a device sent. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return typeof error === "string" ? redactText(error) : error;
  return {
    ...("code" in error ? { code: error.code } : {}),
    message: redactText(error.message),
    stack: redactText(error.stack ?? ""),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}
