import { expect, test } from "vitest";
import { createAppDouble } from "./testing/app-double.js";
import { sampleTask } from "./testing/sample-data.js";

test("the stream is server-sent events that begin with the overview", async () => {
  const { ask, service } = createAppDouble();
  await service.createTask(sampleTask());

  const response = await ask("/v1/events");
  const reader = response.body?.getReader();
  const first = new TextDecoder().decode((await reader?.read())?.value);
  await reader?.cancel();

  expect(response.headers.get("Content-Type")).toBe("text/event-stream; charset=utf-8");
  expect(first).toMatch(/^event: overview\ndata: \{"startedAtMs":\d+.*\}\n\n$/);
});
