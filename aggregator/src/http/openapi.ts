import type { OpenAPIHono } from "@hono/zod-openapi";

/** The OpenAPI 3.1 document of the app's routes. */
export function openApiDocument(app: OpenAPIHono): ReturnType<OpenAPIHono["getOpenAPI31Document"]> {
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Fedge aggregator",
      version: "1",
      description:
        "Tasks, rounds, models and devices of one aggregator. Every error is `{ error: { code, message, details } }`.",
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    servers: [{ url: "http://127.0.0.1:8787" }],
    tags: [
      "tasks",
      "rounds",
      "models",
      "rollouts",
      "drift",
      "devices",
      "blobs",
      "events",
      "people",
      "audit",
      "system",
    ].map((name) => ({ name })),
  });
}

/** The document as it is committed: two spaces, a newline at the end. */
export function openApiText(app: OpenAPIHono): string {
  return `${JSON.stringify(openApiDocument(app), null, 2)}\n`;
}
