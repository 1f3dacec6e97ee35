import { FedgeError } from "@fedge/protocol";
import { z } from "@hono/zod-openapi";
import type { EvaluationService } from "../../evaluation/federated/evaluation-service.js";
import type { AggregatorService } from "../../service.js";
import { jsonRoute, type RouteHost } from "../route.js";
import {
  evaluationBody,
  evaluationRunList,
  evaluationRunView,
  runParams,
  runsParams,
} from "../schema/evaluation-schema.js";

const MODEL_PATH = "/v1/models/{model}/evaluations";
const listQuery = z.object({ limit: z.coerce.number().int().min(1).max(1000).default(100) });

interface EvaluationRouteOptions {
  readonly evaluations: EvaluationService;
  readonly service: Pick<AggregatorService, "listVersions">;
}

/** Evaluations on devices: asking for one, and what came of it. */
export function addEvaluationRoutes(host: RouteHost, options: EvaluationRouteOptions): void {
  const { evaluations } = options;
  jsonRoute(host, {
    method: "post",
    path: MODEL_PATH,
    tag: "evaluations",
    summary: "Ask devices to measure a version on their own examples, alone or against another",
    access: "models",
    params: runsParams,
    body: evaluationBody,
    result: evaluationRunView,
    status: 201,
    audit: ({ params, body }, run) => ({
      action: "evaluation.start",
      subject: `${params.model}@${body.version}`,
      details: {
        ...(run === null ? {} : { runId: run.runId }),
        against: body.against,
        numDevices: body.numDevices,
      },
    }),
    handle: ({ params, body, actor }) => evaluations.start({ ...body, model: params.model }, actor),
  });
  addReading(host, options);
}

function addReading(host: RouteHost, { evaluations, service }: EvaluationRouteOptions): void {
  jsonRoute(host, {
    method: "get",
    path: MODEL_PATH,
    tag: "evaluations",
    summary: "Evaluations of a model on devices",
    access: "read",
    params: runsParams,
    query: listQuery,
    result: evaluationRunList,
    handle: async ({ params: { model }, query }) => {
      if ((await service.listVersions(model, { limit: 1, offset: 0 })).length === 0)
        throw new FedgeError("MODEL_UNKNOWN", `there is no model "${model}"; see \`fedge model list\``);
      return { runs: await evaluations.list(model, query.limit) };
    },
  });
  jsonRoute(host, {
    method: "get",
    path: "/v1/evaluations/{runId}",
    tag: "evaluations",
    summary: "One evaluation on devices: how many answered, and the sums once it has ended",
    access: "read",
    params: runParams,
    result: evaluationRunView,
    handle: ({ params }) => evaluations.show(params.runId),
  });
}
