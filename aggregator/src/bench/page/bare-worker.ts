import { InferenceSession, Tensor, env } from "onnxruntime-web/wasm";

/** A session in a worker and nothing around it: what an app without the runtime would write. */
type Message =
  | { readonly onnx: Uint8Array }
  | { readonly id: number; readonly data: Float32Array; readonly shape: readonly number[] };

env.wasm.numThreads = 1;
let session: Promise<InferenceSession> | null = null;

self.onmessage = async ({ data: message }: MessageEvent<Message>): Promise<void> => {
  if ("onnx" in message) {
    session = InferenceSession.create(message.onnx);
    await session;
    return self.postMessage({ id: 0 });
  }
  const { id, data, shape } = message;
  const outputs = await (await session)?.run({ input: new Tensor("float32", data, shape) });
  const values = Object.entries(outputs ?? {}).map(([name, value]) => [name, value.data] as const);
  self.postMessage({ id, values });
};
