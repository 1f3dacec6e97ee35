import { startServer, type RunningServer } from "@fedge/aggregator";
import { createGraphBuilder, type ModelBuilder } from "@fedge/onnx-autodiff";
import { logistic } from "@fedge/onnx-autodiff/zoo";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runFedge, type CommandResult } from "../e2e/fedge-command.js";

const GOOD = logistic({ inputs: 4, classes: 3 });

/** One parameter, an input of the given sizes, and what comes after their product. */
function modelOf(options: {
  readonly parameter?: string;
  readonly sizes?: readonly (string | number)[];
  readonly operator?: string;
}): Uint8Array {
  const { parameter = "w", sizes = ["N", 4], operator = "Relu" } = options;
  const g = createGraphBuilder({ name: "bad" });
  const ones = { elementType: "float32", shape: [1], data: Float32Array.of(1) } as const;
  const product = g.op("Mul", [g.input("x", "float32", sizes), g.initializer(parameter, ones)]);
  g.output("y", operator === "Relu" ? g.op("Relu", [product]) : logOfNegative(g, product));
  return g.build();
}

function logOfNegative(g: ModelBuilder, value: string): string {
  return g.op("Log", [g.op("Neg", [g.op("Exp", [value])])]);
}

// GraphProto (7) with a TensorProto (5) of dims [2^40], float32, named w; opset 13 (8).
const CLAIMS_2_40 = Uint8Array.from([
  ...[0x3a, 14, 0x2a, 12, 0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 0x10, 1, 0x42, 1, 0x77],
  ...[0x42, 2, 0x10, 13],
]);

const BAD: readonly (readonly [what: string, bytes: Uint8Array, code: string, sentence: string])[] = [
  ["a truncated file", GOOD.subarray(0, GOOD.length - 7), "ONNX_MALFORMED", "truncated or damaged"],
  ["2^40 elements in 20 bytes", CLAIMS_2_40, "ONNX_LIMIT_EXCEEDED", "use a smaller model"],
  ["a gzip file", Uint8Array.of(0x1f, 0x8b, 8, 0), "ONNX_MALFORMED", "unpack it with gunzip"],
  ["a parameter named w.next", modelOf({ parameter: "w.next" }), "ONNX_INVALID_GRAPH", "rename it"],
  [
    "an example that fills the memory",
    modelOf({ sizes: ["N", 2 ** 28] }),
    "ONNX_LIMIT_EXCEEDED",
    "smaller model",
  ],
  ["a loss that is no number", modelOf({ operator: "Log" }), "TRAINING_FAILED", "check its initial weights"],
  [
    "a name that no manifest holds",
    modelOf({ parameter: "w".repeat(600) }),
    "MANIFEST_INVALID",
    "parameters",
  ],
];

let directory = "";
let state = "";
let server: RunningServer;
/** The signed metadata of a server without any release. */
let numOwnBlobs = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-bad-models-"));
  state = join(directory, "state");
  server = await startServer({
    host: "127.0.0.1",
    httpPort: 0,
    mqttPort: 0,
    logLevel: "silent",
    stateDirectory: state,
  });
  numOwnBlobs = await storedBlobs();
});
afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

async function post(
  body: Uint8Array,
): Promise<{ readonly status: number; readonly error: Record<string, unknown> }> {
  const response = await fetch(`${server.httpUrl}/v1/models?model=bad&loss=mean-squared-error`, {
    method: "POST",
    headers: { Authorization: `Bearer ${server.adminToken}`, "Content-Type": "application/octet-stream" },
    body: body.slice(),
  });
  const { error } = (await response.json()) as { error: Record<string, unknown> };
  return { status: response.status, error };
}

async function fedgeImport(bytes: Uint8Array, ...flags: readonly string[]): Promise<CommandResult> {
  await writeFile(join(directory, "bad.onnx"), bytes);
  const access = ["--server", server.httpUrl, "--token", server.adminToken];
  const args = ["model", "import", "bad.onnx", "--loss", "mean-squared-error", ...access, ...flags];
  return runFedge(args, { cwd: directory });
}

async function storedBlobs(): Promise<number> {
  const entries = await readdir(join(state, "blobs"), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).length;
}

describe("a bad model", () => {
  test.each(BAD)(
    "over HTTP, %s: refused with cause and remedy, and nothing is stored",
    async (_, bytes, code, text) => {
      const { status, error } = await post(bytes);

      expect([status, error["code"]]).toEqual([422, code]);
      expect(error["message"]).toContain(text);
      expect(await server.service.listModels()).toEqual([]);
      expect(await storedBlobs()).toBe(numOwnBlobs);
    },
  );

  test.each(BAD)(
    "by command, %s: one sentence, exit code 1, and nothing is stored",
    async (_, bytes, code, text) => {
      const { exitCode, stderr, stdout } = await fedgeImport(bytes, "--json");

      expect(exitCode).toBe(1);
      expect(stderr.trim().split("\n")).toEqual([expect.stringMatching(/^fedge: /)]);
      expect(stderr).toContain(text);
      expect(JSON.parse(stdout)).toMatchObject({ error: { code } });
      expect(await storedBlobs()).toBe(numOwnBlobs);
    },
  );

  test("leaves the server as it was: it answers meanwhile, and takes a good model afterwards", async () => {
    const refused = post(modelOf({ operator: "Log" }));
    await expect(fetch(`${server.httpUrl}/healthz`)).resolves.toMatchObject({ status: 200 });
    expect((await refused).status).toBe(422);

    const { exitCode, stdout } = await fedgeImport(GOOD, "--name", "good");

    expect([exitCode, stdout]).toEqual([0, expect.stringContaining("imported good version 1")]);
  });
});
