import { describe, expect, test } from "vitest";
import { ROLLOUT_COMMANDS } from "../rollouts/rollout-view.js";
import { errorBody } from "./schema/basic-schema.js";
import {
  deviceTimeline,
  rolloutHistory,
  rolloutList,
  rolloutPreview,
  rolloutView,
  targetList,
  templateList,
} from "./schema/rollout-schema.js";
import { ADMIN_TOKEN, DEVICE_TOKEN, createAppDouble, type AppDouble } from "./testing/app-double.js";
import {
  SAMPLE_ROLLOUT,
  sampleGate,
  sampleRollout,
  sampleRolloutConfig,
  sampleTarget,
  sampleWave,
} from "./testing/sample-rollouts.js";

const asAdmin = { Authorization: `Bearer ${ADMIN_TOKEN}` };
const PATH = `/v1/rollouts/${SAMPLE_ROLLOUT}`;

function send(method: string, body?: unknown, headers: Record<string, string> = asAdmin): RequestInit {
  if (body === undefined) return { method, headers };
  return { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...headers } };
}

async function refusal(response: Response) {
  const { code, details } = errorBody.parse(await response.json()).error;
  const fields = details["fields"] as { path: string }[] | undefined;
  return { status: response.status, code, fields: fields?.map((field) => field.path) };
}

function appWith(...rollouts: AppDouble["rollouts"]["rollouts"]): AppDouble {
  const app = createAppDouble();
  app.rollouts.rollouts = rollouts;
  return app;
}

describe("creating a rollout", () => {
  test("a whole one comes back as it is, with status 201", async () => {
    const { ask, rollouts } = createAppDouble();

    const response = await ask("/v1/rollouts", send("POST", sampleRolloutConfig()));

    expect(response.status).toBe(201);
    expect(rolloutView.parse(await response.json())).toEqual(rollouts.rollouts[0]);
    expect(rollouts.rollouts[0]?.config).toEqual(sampleRolloutConfig());
  });

  test("a template is filled in, and the id made up", async () => {
    const { ask, rollouts, clock } = createAppDouble();
    clock.advance(36 ** 3 - clock.nowMs());
    const body = { template: "staged", model: "digits", version: 7, gates: { install: { maxErrors: 0.5 } } };

    const response = await ask("/v1/rollouts", send("POST", body));

    expect(response.status).toBe(201);
    const { gates } = sampleRolloutConfig();
    expect(rollouts.rollouts[0]?.config).toEqual({
      ...sampleRolloutConfig(),
      rolloutId: "digits-7-1000",
      gates: { ...gates, install: { ...gates.install, maxErrors: 0.5 } },
    });
  });

  test.each([
    [{ rolloutId: "a b" }, ["rolloutId"]],
    [{ version: 0, priority: 1001 }, ["version", "priority"]],
    [{ waves: [] }, ["waves"]],
    [
      { waves: [{ name: "", percent: 101, soakMs: -1 }] },
      ["waves.0.name", "waves.0.percent", "waves.0.soakMs"],
    ],
    [{ kind: "canary", onAbort: "wait" }, ["kind", "onAbort"]],
    [
      {
        gates: {
          install: { minSuccess: 1.1, minReached: 0.5, maxErrors: -1, minReports: 0 },
          metrics: [{ metric: "loss", tolerance: {}, minSample: 0, alpha: 0.5 }],
        },
      },
      [
        ...["gates.install.minSuccess", "gates.install.maxErrors", "gates.install.minReports"],
        ...["gates.metrics.0.metric", "gates.metrics.0.minSample", "gates.metrics.0.alpha"],
      ],
    ],
    [
      { rate: { basePerMinute: 0, factor: 0.5, growAt: 1, maxPerMinute: 1 } },
      ["rate.basePerMinute", "rate.factor"],
    ],
    [
      {
        schedule: {
          startAtMs: "now",
          windows: [{ days: [7], startMinute: 0, durationMinutes: 0, timeZone: "UTC" }],
        },
      },
      ["schedule.startAtMs", "schedule.windows.0.days.0", "schedule.windows.0.durationMinutes"],
    ],
    [{ needsApproval: "yes", note: 3 }, ["note", "needsApproval"]],
  ])("every field at fault of %j is named", async (change, fields) => {
    const { ask, rollouts } = createAppDouble();

    const response = await ask("/v1/rollouts", send("POST", { ...sampleRolloutConfig(), ...change }));

    expect(await refusal(response)).toEqual({ status: 400, code: "OPTION_INVALID", fields });
    expect(rollouts.rollouts).toEqual([]);
  });

  test.each([
    [{ template: "slow", model: "digits", version: 7 }, undefined],
    [{ template: 3 }, ["template"]],
    [{ template: "quick" }, ["rolloutId", "model", "version"]],
    [{ ...sampleRolloutConfig(), rolloutId: "templates" }, undefined],
  ])("%j is refused", async (body, fields) => {
    const response = await createAppDouble().ask("/v1/rollouts", send("POST", body));

    expect(await refusal(response)).toEqual({ status: 400, code: "OPTION_INVALID", fields });
  });

  test("an id that exists is a conflict", async () => {
    const { ask } = appWith(sampleRollout());

    const response = await ask("/v1/rollouts", send("POST", sampleRolloutConfig()));

    expect(await refusal(response)).toMatchObject({ status: 409, code: "ROLLOUT_STATE_CONFLICT" });
  });

  test("a preview creates nothing", async () => {
    const { ask, rollouts } = createAppDouble();
    rollouts.nextPreview = { numMatching: 3, isReturn: false, waves: [], excluded: [], conflicts: [] };

    const response = await ask("/v1/rollouts/preview", send("POST", sampleRolloutConfig()));

    expect(rolloutPreview.parse(await response.json())).toEqual(rollouts.nextPreview);
    expect([rollouts.previewed, rollouts.rollouts]).toEqual([[sampleRolloutConfig()], []]);
  });

  test("templates are listed, the standard one first", async () => {
    const { templates } = templateList.parse(
      await (await createAppDouble().ask("/v1/rollouts/templates")).json(),
    );

    expect(templates.map(({ name }) => name)).toEqual(["staged", "quick"]);
  });
});

describe("reading rollouts", () => {
  test("one with waves, gates and a comparison comes over whole", async () => {
    const comparison = {
      metric: "proxy:accepted",
      arms: [{ version: 6, sample: 10, value: null, share: 0.5 }],
      ...{ difference: null, interval: null, pValue: null, requiredSample: 100, verdict: "undecided" },
    };
    const wave = sampleWave(0, {
      gates: [sampleGate()],
      byState: { committed: 3, "safe-mode": 1 },
      numTargets: 4,
    });
    const rollout = sampleRollout({ waves: [wave], comparison });

    const response = await appWith(rollout).ask(PATH);

    expect(rolloutView.parse(await response.json())).toEqual(rollout);
  });

  test("a list has pages", async () => {
    const rollouts = ["c", "b", "a"].map((id) => {
      return sampleRollout({ config: { ...sampleRolloutConfig(), rolloutId: id as typeof SAMPLE_ROLLOUT } });
    });

    const response = await appWith(...rollouts).ask("/v1/rollouts?limit=1&offset=1");

    expect(rolloutList.parse(await response.json()).rollouts.map(({ rolloutId }) => rolloutId)).toEqual([
      "b",
    ]);
  });

  test("targets are those in a state, with how many there are", async () => {
    const { ask, rollouts } = appWith(sampleRollout());
    const failed = [2, 3].map((number) => sampleTarget(number, { state: "failed", code: "STORAGE_FULL" }));
    rollouts.targetsOf.set(SAMPLE_ROLLOUT, [sampleTarget(1), ...failed]);

    const response = await ask(`${PATH}/targets?state=failed&limit=1`);

    expect(targetList.parse(await response.json())).toEqual({ total: 2, targets: [failed[0]] });
  });

  test.each(["state=broken", "limit=0", "offset=-1"])("targets?%s is refused", async (query) => {
    const response = await appWith(sampleRollout()).ask(`${PATH}/targets?${query}`);

    expect(await refusal(response)).toMatchObject({ status: 400, fields: [query.split("=")[0]] });
  });

  test("the history says who did what and why", async () => {
    const { ask, rollouts } = appWith(sampleRollout());
    const entry = { seq: 1, atMs: 1, actor: "ana", event: "created", reason: "better on night shifts" };
    rollouts.historyOf.set(SAMPLE_ROLLOUT, [entry]);

    expect(rolloutHistory.parse(await (await ask(`${PATH}/history`)).json())).toEqual({ history: [entry] });
  });

  test("a device's timeline is newest first", async () => {
    const { ask, rollouts } = appWith(sampleRollout());
    const mine = { deviceId: sampleTarget(1).deviceId };
    rollouts.targetsOf.set(SAMPLE_ROLLOUT, [sampleTarget(1), sampleTarget(2), sampleTarget(3, mine)]);

    const { timeline } = deviceTimeline.parse(await (await ask("/v1/devices/device-1/timeline")).json());

    expect(timeline).toEqual([
      { ...sampleTarget(3, mine), rolloutId: SAMPLE_ROLLOUT },
      { ...sampleTarget(1), rolloutId: SAMPLE_ROLLOUT },
    ]);
  });

  test("a device that is not there has no timeline", async () => {
    const response = await createAppDouble().ask("/v1/devices/nobody/timeline");

    expect(await refusal(response)).toMatchObject({ status: 404, code: "DEVICE_UNKNOWN" });
  });

  test.each(["", "/targets", "/history"])("an unknown rollout%s is not found", async (part) => {
    const response = await createAppDouble().ask(`/v1/rollouts/nobody${part}`);

    expect(await refusal(response)).toMatchObject({ status: 404, code: "ROLLOUT_UNKNOWN" });
  });
});

const COMMANDABLE = {
  approve: "waiting-approval",
  deny: "waiting-approval",
  start: "ready",
  pause: "running",
  resume: "paused",
  promote: "running",
  "retry-failed": "paused",
  abort: "running",
  rollback: "completed",
} as const;

describe("commands", () => {
  test.each(ROLLOUT_COMMANDS)("%s reaches the engine with actor and reason", async (command) => {
    const { ask, rollouts } = appWith(sampleRollout({ state: COMMANDABLE[command] }));

    const response = await ask(`${PATH}/${command}`, send("POST", { reason: "because" }));

    expect(rolloutView.parse(await response.json())).toEqual(rollouts.rollouts[0]);
    expect(rollouts.commands).toEqual([
      { rolloutId: SAMPLE_ROLLOUT, command, actor: "admin-token", reason: "because" },
    ]);
  });

  test("one that the state does not allow is a conflict", async () => {
    const response = await appWith(sampleRollout()).ask(`${PATH}/resume`, send("POST", { reason: "go" }));

    expect(await refusal(response)).toMatchObject({ status: 409, code: "ROLLOUT_STATE_CONFLICT" });
  });

  test("of two operators who saw the same, the second gets a conflict", async () => {
    const { ask, rollouts } = appWith(sampleRollout({ state: "running", revision: 5 }));
    const seen = { reason: "odd", revision: 5 };

    const first = await ask(`${PATH}/pause`, send("POST", seen));
    const second = await ask(`${PATH}/abort`, send("POST", seen));

    expect(first.status).toBe(200);
    expect(await refusal(second)).toMatchObject({ status: 409, code: "ROLLOUT_CHANGED" });
    expect(rollouts.rollouts[0]?.state).toBe("paused");
  });

  test.each([
    [{}, ["reason"]],
    [{ reason: "" }, ["reason"]],
    [{ reason: "x".repeat(1025), revision: -1 }, ["reason", "revision"]],
    [{ reason: "x", revision: 1.5 }, ["revision"]],
  ])("%j is refused", async (body, fields) => {
    const { ask, rollouts } = appWith(sampleRollout({ state: "running" }));

    const response = await ask(`${PATH}/pause`, send("POST", body));

    expect(await refusal(response)).toMatchObject({ status: 400, fields });
    expect(rollouts.commands).toEqual([]);
  });

  test.each([{}, { Authorization: `Bearer ${DEVICE_TOKEN}` }])(
    "nobody commands without the right: %j",
    async (who) => {
      const { ask, rollouts } = appWith(sampleRollout({ state: "running" }));

      const response = await ask(`${PATH}/pause`, send("POST", { reason: "x" }, who));

      expect([response.status, rollouts.commands]).toEqual([401, []]);
    },
  );

  test("a word that is no command is no route", async () => {
    const response = await appWith(sampleRollout()).ask(`${PATH}/explode`, send("POST", { reason: "x" }));

    expect(await refusal(response)).toMatchObject({ status: 404, code: "ROUTE_UNKNOWN" });
  });
});

describe("editing and deleting", () => {
  test("an edit replaces the configuration", async () => {
    const { ask, rollouts } = appWith(sampleRollout());
    const config = sampleRolloutConfig({ note: "slower", needsApproval: true });

    const response = await ask(PATH, send("PUT", config));

    expect(rolloutView.parse(await response.json())).toMatchObject({ config, state: "waiting-approval" });
    expect(rollouts.rollouts[0]?.config.note).toBe("slower");
  });

  test("an edit of what somebody changed meanwhile is a conflict, and changes nothing", async () => {
    const { ask, rollouts } = appWith(sampleRollout({ revision: 7 }));
    const config = sampleRolloutConfig({ note: "slower" });

    const late = await ask(`${PATH}?revision=6`, send("PUT", config));
    const nonsense = await ask(`${PATH}?revision=x`, send("PUT", config));

    expect(await refusal(late)).toMatchObject({ status: 409, code: "ROLLOUT_CHANGED" });
    expect(await refusal(nonsense)).toMatchObject({ status: 400, fields: ["revision"] });
    expect(rollouts.rollouts[0]?.config.note).not.toBe("slower");
    expect((await ask(`${PATH}?revision=7`, send("PUT", config))).status).toBe(200);
  });

  test("an edit cannot rename", async () => {
    const config = { ...sampleRolloutConfig(), rolloutId: "other" };

    const response = await appWith(sampleRollout()).ask(PATH, send("PUT", config));

    expect(await refusal(response)).toMatchObject({ status: 400, code: "OPTION_INVALID" });
  });

  test("a deleted rollout is not found any more", async () => {
    const { ask } = appWith(sampleRollout());

    const response = await ask(PATH, send("DELETE"));

    expect(await response.json()).toEqual({ rolloutId: SAMPLE_ROLLOUT });
    expect((await ask(PATH)).status).toBe(404);
  });

  test.each([
    ["PUT", sampleRolloutConfig()],
    ["DELETE", undefined],
  ])("%s needs the right", async (method, body) => {
    const { ask, rollouts } = appWith(sampleRollout());

    expect((await ask(PATH, send(method, body, {}))).status).toBe(401);
    expect(rollouts.rollouts).toEqual([sampleRollout()]);
  });
});
