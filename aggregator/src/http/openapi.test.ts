import { expect, test } from "vitest";
import { openApiText } from "./openapi.js";
import { createAppDouble } from "./testing/app-double.js";

test("the committed OpenAPI document is the one of these routes (`npx vitest run aggregator/src/http/openapi.test.ts -u` writes it)", async () => {
  await expect(openApiText(createAppDouble().http.app)).toMatchFileSnapshot("../../openapi.json");
});

test("the server serves the document that it was built with", async () => {
  const { ask, http } = createAppDouble();

  const served: unknown = await (await ask("/openapi.json")).json();

  expect(served).toEqual(JSON.parse(openApiText(http.app)));
});

test("every operation documents its errors and, unless it is public, its token", async () => {
  const { http } = createAppDouble();
  const { paths } = JSON.parse(openApiText(http.app)) as {
    paths: Record<string, Record<string, { responses: object; security?: object }>>;
  };

  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
  );
  const open = operations.filter(({ operation }) => operation.security === undefined).map(({ name }) => name);

  expect(operations.filter(({ operation }) => !("default" in operation.responses))).toEqual([]);
  expect(open.sort()).toEqual([
    "delete /v1/session",
    "get /healthz",
    "get /v1/metadata/targets/models/{model}/{version}/{file}",
    "get /v1/metadata/{file}",
    "post /v1/devices",
    "post /v1/devices/{deviceId}/forget",
    "post /v1/devices/{deviceId}/token",
    "post /v1/invitations/accept",
    "post /v1/password-resets/accept",
    "post /v1/session",
  ]);
});
