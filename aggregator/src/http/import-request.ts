import type { OptimizerOptions } from "@fedge/onnx-autodiff";
import type { z } from "@hono/zod-openapi";
import type { ModelImport } from "../service.js";
import type { importQuery } from "./schema/model-schema.js";

type ImportQuery = z.output<typeof importQuery>;

/** What an import is made of. */
export type ImportBody = Pick<ModelImport, "onnx" | "profile">;

/** An import as the service takes it. What does not fit together is refused where the graphs are built. */
export function importRequest(query: ImportQuery, { onnx, profile }: ImportBody): ModelImport {
  const { model, loss: kind, target, classWeights: weights, ignoreIndex, delta, clipNorm } = query;
  const names = query.trainable.split(",").map((name) => name.trim());
  const trainable = names.filter((name) => name !== "");
  return {
    model,
    onnx,
    ...present({ profile }),
    ...(query.purpose === "" ? {} : { purpose: query.purpose }),
    training: {
      loss: present({ kind, target, weights, ignoreIndex, delta }),
      optimizer: optimizerOf(query),
      proximal: query.proximal === "true",
      ...present({ clipNorm }),
      ...(trainable.length === 0 ? {} : { trainable }),
    },
  };
}

function optimizerOf(query: ImportQuery): OptimizerOptions {
  const { optimizer: kind, momentum, weightDecay, beta1, beta2, epsilon } = query;
  if (kind === "sgd") {
    return { kind, weightDecay, nesterov: query.nesterov === "true", ...present({ momentum }) };
  }
  return { kind, weightDecay, ...present({ beta1, beta2, epsilon }) };
}

type Present<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

/** The fields that have a value. */
function present<T extends object>(fields: T): Partial<Present<T>> & Pick<T, RequiredKeys<T>> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<Present<T>> & Pick<T, RequiredKeys<T>>;
}

type RequiredKeys<T> = { [Key in keyof T]: undefined extends T[Key] ? never : Key }[keyof T];
