import { describe, expect, test } from "vitest";
import { ADMIN_TOKEN, DEVICE_TOKEN, createAppDouble } from "./testing/app-double.js";
import {
  SAMPLE_TASK,
  sampleBlob,
  sampleDevice,
  sampleRound,
  sampleTask,
  sampleVersion,
} from "./testing/sample-data.js";
import { errorBody } from "./schema/basic-schema.js";
import { enrolAnswer } from "./schema/device-schema.js";
import { versionList } from "./schema/model-schema.js";
import { overviewBody } from "./schema/overview-schema.js";
import { roundDetail, roundList } from "./schema/round-schema.js";
import { taskView } from "./schema/task-schema.js";

const asAdmin = { Authorization: `Bearer ${ADMIN_TOKEN}` };

function post(body: unknown, headers: Record<string, string> = asAdmin): RequestInit {
  return {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", ...headers },
  };
}

async function codeOf(response: Response): Promise<string> {
  return errorBody.parse(await response.json()).error.code;
}

describe("tasks", () => {
  test("a created task comes back with status 201", async () => {
    const { ask, service } = createAppDouble();

    const response = await ask("/v1/tasks", post(sampleTask()));

    expect(response.status).toBe(201);
    expect(taskView.parse(await response.json()).config).toEqual(service.tasks[0]?.config);
  });

  test("every field at fault is named", async () => {
    const { ask } = createAppDouble();
    const config = { ...sampleTask(), maxRounds: 0, targetAccuracy: 2 };

    const response = await ask("/v1/tasks", post(config));

    expect(response.status).toBe(400);
    const { code, details } = errorBody.parse(await response.json()).error;
    expect(code).toBe("OPTION_INVALID");
    expect((details["fields"] as { path: string }[]).map((field) => field.path)).toEqual([
      "maxRounds",
      "targetAccuracy",
    ]);
  });

  test.each([
    ["pause", "paused"],
    ["resume", "running"],
    ["stop", "stopped"],
  ])("%s makes a task %s", async (action, status) => {
    const { ask, service } = createAppDouble();
    await service.createTask(sampleTask());

    const response = await ask(`/v1/tasks/${SAMPLE_TASK}/${action}`, { method: "POST", headers: asAdmin });

    expect(taskView.parse(await response.json()).status).toBe(status);
  });

  test("a task that exists already is a conflict", async () => {
    const { ask, service } = createAppDouble();
    await service.createTask(sampleTask());

    const response = await ask("/v1/tasks", post(sampleTask()));

    expect([response.status, await codeOf(response)]).toEqual([409, "TASK_STATE_CONFLICT"]);
  });

  test("an unknown task is not found", async () => {
    const { ask } = createAppDouble();

    const response = await ask("/v1/tasks/nobody");

    expect([response.status, await codeOf(response)]).toEqual([404, "TASK_UNKNOWN"]);
  });

  test("an id with characters that no id has is refused before the service is asked", async () => {
    const { ask } = createAppDouble();

    expect(await codeOf(await ask("/v1/tasks/a%2Fb"))).toBe("OPTION_INVALID");
  });
});

describe("rounds, versions and the overview", () => {
  test("a page of rounds starts at its offset", async () => {
    const { ask, service } = createAppDouble();
    await service.createTask(sampleTask());
    service.rounds = [1, 2, 3, 4].map((number) => sampleRound(number));

    const response = await ask(`/v1/tasks/${SAMPLE_TASK}/rounds?limit=2&offset=1`);

    expect(roundList.parse(await response.json()).rounds.map((round) => round.number)).toEqual([2, 3]);
  });

  test("a limit above 1000 is refused", async () => {
    const { ask } = createAppDouble();

    expect((await ask(`/v1/tasks/${SAMPLE_TASK}/rounds?limit=1001`)).status).toBe(400);
  });

  test("a round comes with its journal", async () => {
    const { ask, service } = createAppDouble();
    service.rounds = [sampleRound(1)];

    const detail = roundDetail.parse(await (await ask(`/v1/rounds/${SAMPLE_TASK}-r1`)).json());

    expect(detail.events.map((event) => event.type)).toEqual(["reporting-expired"]);
  });

  test("versions carry their evaluations", async () => {
    const { ask, service } = createAppDouble();
    service.versions = [sampleVersion(1, 0.11)];

    const { versions } = versionList.parse(await (await ask("/v1/models/digits/versions")).json());

    expect(versions[0]?.evaluations[0]?.accuracy).toBe(0.11);
  });

  test("the overview counts the fleet", async () => {
    const { ask, service } = createAppDouble();
    service.devices = [sampleDevice(1), sampleDevice(2, { presence: "lost" })];

    const overview = overviewBody.parse(await (await ask("/v1/overview")).json());

    expect(overview.fleet.byPresence).toEqual({ online: 1, lost: 1 });
  });
});

describe("model files", () => {
  test("an import hands file and options to the service", async () => {
    const { ask, service } = createAppDouble();
    service.versions = [sampleVersion(1, 0.1)];
    const query = "model=digits&loss=mean-squared-error&momentum=0.9&nesterov=true&trainable=w1,b1";

    const response = await ask(`/v1/models?${query}`, {
      method: "POST",
      body: new Uint8Array([8, 9]),
      headers: asAdmin,
    });

    expect(response.status).toBe(201);
    expect(service.imports).toEqual([
      {
        model: "digits",
        actor: "admin-token",
        onnx: new Uint8Array([8, 9]),
        training: {
          loss: { kind: "mean-squared-error", target: "class-index" },
          optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0, nesterov: true },
          trainable: ["w1", "b1"],
          proximal: true,
        },
      },
    ]);
  });

  test("a file above the limit is refused before it is read", async () => {
    const { ask } = createAppDouble({ maxModelBytes: 10 });
    const body = new ReadableStream({
      pull: () => {
        throw new Error("the body was read");
      },
    });

    const response = await ask("/v1/models?model=digits", {
      method: "POST",
      body,
      duplex: "half",
      headers: { ...asAdmin, "Content-Length": "11" },
    } as RequestInit);

    expect([response.status, await codeOf(response)]).toEqual([413, "MESSAGE_TOO_LARGE"]);
  });

  test("a file that hides its size is cut off at the limit", async () => {
    const { ask } = createAppDouble({ maxModelBytes: 10 });
    const body = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(8)) });

    const init = { method: "POST", body, duplex: "half", headers: asAdmin } as RequestInit;

    expect((await ask("/v1/models?model=digits", init)).status).toBe(413);
  });

  test("an unsupported file is unprocessable", async () => {
    const { ask } = createAppDouble();

    const response = await ask("/v1/models?model=new", { method: "POST", body: "x", headers: asAdmin });

    expect([response.status, await codeOf(response)]).toEqual([422, "ONNX_MALFORMED"]);
  });
});

describe("blobs", () => {
  const { sha256 } = sampleBlob("c");

  function blobApp() {
    const double = createAppDouble();
    double.service.blobs.set(sha256, new TextEncoder().encode("0123456789"));
    return double;
  }

  test("a device reads a range", async () => {
    const headers = { Authorization: `Bearer ${DEVICE_TOKEN}`, Range: "bytes=2-4" };

    const response = await blobApp().ask(`/v1/blobs/${sha256}`, { headers });

    expect(response.status).toBe(206);
    expect(response.headers.get("Content-Range")).toBe("bytes 2-4/10");
    expect(await response.text()).toBe("234");
  });

  test("a range beyond the end names the size", async () => {
    const response = await blobApp().ask(`/v1/blobs/${sha256}`, {
      headers: { ...asAdmin, Range: "bytes=10-" },
    });

    expect([response.status, response.headers.get("Content-Range")]).toEqual([416, "bytes */10"]);
  });

  test("without a token there are no bytes, also where reads are open", async () => {
    expect((await blobApp().ask(`/v1/blobs/${sha256}`)).status).toBe(401);
  });
});

describe("devices", () => {
  const request = { publicKey: "a".repeat(43), timestampMs: 1, proof: "b".repeat(86) };

  test("an enrolled device learns its token and where the broker is", async () => {
    const { ask } = createAppDouble();

    const response = await ask("/v1/devices", post(request, {}));

    const { deviceId, token, mqtt, root } = enrolAnswer.parse(await response.json());
    expect(response.status).toBe(201);
    expect({ deviceId, token }).toEqual({ deviceId: "device-1", token: DEVICE_TOKEN });
    expect(root).toEqual({ sha256: "a".repeat(64), sizeBytes: 2000 });
    expect(mqtt).toEqual({ tcpUrl: "mqtt://127.0.0.1:1883", webSocketUrl: "ws://127.0.0.1:8787/mqtt" });
  });

  test("more enrolments than the burst are told when to come back", async () => {
    const { ask, clock } = createAppDouble({ enrolmentRate: { perSecond: 0.5, burst: 1 } });
    await ask("/v1/devices", post(request, {}));

    const second = await ask("/v1/devices", post(request, {}));
    clock.advance(2000);
    const third = await ask("/v1/devices", post(request, {}));

    expect([second.status, second.headers.get("Retry-After"), third.status]).toEqual([429, "2", 201]);
  });

  test("a web app of an allowed origin may enrol, another may not", async () => {
    const { ask } = createAppDouble({ allowedOrigins: ["https://app.example"] });

    const allowed = await ask("/v1/devices", post(request, { Origin: "https://app.example" }));
    const refused = await ask("/v1/devices", post(request, { Origin: "https://evil.example" }));

    expect(allowed.headers.get("Access-Control-Allow-Origin")).toBe("https://app.example");
    expect([refused.status, refused.headers.get("Access-Control-Allow-Origin")]).toEqual([403, null]);
  });

  test("an allowed origin's preflight lets it send a token", async () => {
    const { ask } = createAppDouble({ allowedOrigins: ["https://app.example"] });

    const response = await ask("/v1/blobs/x", {
      method: "OPTIONS",
      headers: { Origin: "https://app.example" },
    });

    expect(response.headers.get("Access-Control-Allow-Headers")).toContain("Authorization");
  });
});

describe("system", () => {
  test("metrics keep their content type", async () => {
    const { ask } = createAppDouble();

    const response = await ask("/metrics");

    expect(response.headers.get("Content-Type")).toBe("text/plain; version=0.0.4");
    expect(await response.text()).toBe("fedge_rounds_total 3\n");
  });

  test("a degraded server is unavailable and says which part is unwell", async () => {
    const checks = { broker: { ok: false, detail: "not connected" } };
    const { ask } = createAppDouble({ health: () => Promise.resolve({ status: "degraded", checks }) });

    const response = await ask("/healthz");

    expect([response.status, await response.json()]).toEqual([503, { status: "degraded", checks }]);
  });

  test("an unknown route is an error like every other", async () => {
    const { ask } = createAppDouble();

    const response = await ask("/v1/nothing");

    expect([response.status, await codeOf(response)]).toEqual([404, "ROUTE_UNKNOWN"]);
  });

  test("a failure inside is logged and its text is not shown", async () => {
    const { ask, service, errors } = createAppDouble();
    service.listTasks = () => Promise.reject(new Error("password=hunter2"));

    const response = await ask("/v1/tasks");

    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("hunter2");
    expect(errors).toEqual(["request failed"]);
  });

  test("a body that is not JSON says so", async () => {
    const { ask } = createAppDouble();

    const response = await ask("/v1/tasks", { ...post({}), body: "{" });

    expect([response.status, await codeOf(response)]).toEqual([400, "MESSAGE_MALFORMED"]);
  });
});
