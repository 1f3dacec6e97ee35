/**
 * Keeps the native ONNX runtime from reporting to its maker: version 1.30 uploads usage events and writes
 * `mat-debug-*.log` and `.ses` into the temporary directory unless this variable is set.
 *
 * Must run in the main thread, whose environment the native code sees, before any thread loads the runtime.
 */
export function disableOnnxTelemetry(): void {
  process.env["ORT_DISABLE_TELEMETRY"] = "1";
}
