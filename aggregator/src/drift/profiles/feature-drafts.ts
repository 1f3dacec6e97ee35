import type { ModelManifest, PortShape } from "@fedge/protocol";
import type { FeatureRole, FeatureSource, PrivacyClass } from "@fedge/protocol/profile";

/** What of a model decides which features it has. */
export type ProfiledModel = Pick<ModelManifest, "inputs" | "outputs" | "target" | "loss">;

/** A feature before its reference is counted. */
export interface FeatureDraft {
  readonly name: string;
  readonly source: FeatureSource;
  readonly role: FeatureRole;
  readonly privacy: PrivacyClass;
  /** `infer`: by the values; a number: categories 0 to it, without it. */
  readonly form: "numeric" | "infer" | number;
}

export interface DraftOptions {
  /** Names of what the app notes with `log`. */
  readonly fields: readonly string[];
  /** Names of the numbers of an input's rows, where the data have columns. */
  readonly columns?: Readonly<Record<string, readonly string[]>>;
  readonly hasLabel: boolean;
  /** Whether the model was run on the data: without it there is no reference of its outputs. */
  readonly hasOutputs: boolean;
  /** Token of unknown words. */
  readonly unknownToken?: number;
}

/** Rows of more numbers than this are described, not monitored number by number. */
export const WIDE_ROW = 64;
export const NUM_PROJECTIONS = 16;
const DESCRIPTORS = ["mean", "std", "min", "max", "norm", "zero-share"] as const;
const CLASSIFIER_LOSS = "softmax-cross-entropy";

/** The features of a model and of what its app notes; personal unless a person says otherwise. */
export function draftFeatures(model: ProfiledModel | null, options: DraftOptions): FeatureDraft[] {
  const inputs = model?.inputs.flatMap((port) => ofInput(port, options)) ?? [];
  const fields = options.fields.map((name): FeatureDraft => {
    return { ...of("input", "infer"), name, source: { take: "field", name } };
  });
  const outputs =
    model === null || !options.hasOutputs ? [] : model.outputs.flatMap((port) => ofOutput(port, model));
  const label = options.hasLabel ? [labelOf(model)] : [];
  return distinct([...inputs, ...fields, ...outputs, ...label]);
}

/** Classes of the first output; 0 where the model is no classifier of rows. */
export function numClassesOf(model: ProfiledModel | null): number {
  const output = model?.outputs[0];
  if (model?.loss !== CLASSIFIER_LOSS || output?.shape.length !== 2) return 0;
  return output.shape[1] ?? 0;
}

/** Numbers of one row; null where the caller chooses. */
export function rowWidth({ shape }: PortShape): number | null {
  return shape
    .slice(1)
    .reduce<number | null>((width, size) => (width === null || size === null ? null : width * size), 1);
}

function of(role: FeatureRole, form: FeatureDraft["form"]): Omit<FeatureDraft, "name" | "source"> {
  return { role, form, privacy: "personal" };
}

function ofInput(port: PortShape, options: DraftOptions): FeatureDraft[] {
  const width = rowWidth(port);
  if (port.elementType.startsWith("int") && width !== 1) return ofTokens(port, options);
  if (width === null || width > WIDE_ROW) return ofWideRow(port);
  const columns = options.columns?.[port.name];
  return Array.from({ length: width }, (_, at): FeatureDraft => {
    const name = columns?.[at] ?? (width === 1 ? port.name : `${port.name}[${at}]`);
    return { ...of("input", "infer"), name, source: { take: "value", of: "input", name: port.name, at } };
  });
}

function ofWideRow({ name }: PortShape): FeatureDraft[] {
  const tensor = { of: "input", name } as const;
  const described = DESCRIPTORS.map((take): FeatureDraft => {
    return { ...of("input", "numeric"), name: `${name} ${take}`, source: { take, ...tensor } };
  });
  const projected = Array.from({ length: NUM_PROJECTIONS }, (_, at): FeatureDraft => {
    const source = { take: "projection", ...tensor, seed: `${name}/${at}` } as const;
    return { ...of("embedding", "numeric"), name: `${name} projection ${at}`, source };
  });
  return [...described, ...projected];
}

/** Of a text nothing is monitored that tells which words are in it. */
function ofTokens({ name }: PortShape, { unknownToken }: DraftOptions): FeatureDraft[] {
  const tensor = { of: "input", name } as const;
  const sources: [string, FeatureSource][] = [
    ["length", { take: "length", ...tensor }],
    ["zero-share", { take: "zero-share", ...tensor }],
  ];
  if (unknownToken !== undefined)
    sources.push(["unknown-share", { take: "share-of", ...tensor, value: unknownToken }]);
  return sources.map(([what, source]) => ({ ...of("text", "numeric"), name: `${name} ${what}`, source }));
}

function ofOutput(port: PortShape, model: ProfiledModel): FeatureDraft[] {
  const { name } = port;
  const tensor = { of: "output", name } as const;
  if (rowWidth(port) === 1) {
    const source = { take: "value", ...tensor, at: 0 } as const;
    return [{ ...of("prediction", "numeric"), name: `${name} prediction`, source }];
  }
  const isClasses = model.outputs[0] === port && numClassesOf(model) > 0;
  if (!isClasses)
    return (["mean", "std"] as const).map((take) => {
      return { ...of("prediction", "numeric"), name: `${name} ${take}`, source: { take, ...tensor } };
    });
  const numClasses = numClassesOf(model);
  const prediction = { ...of("prediction", numClasses), source: { take: "argmax", ...tensor } } as const;
  const score = { ...of("score", "numeric"), source: { take: "top-score", ...tensor } } as const;
  return [
    { ...prediction, name: `${name} prediction` },
    { ...score, name: `${name} top score` },
  ];
}

function labelOf(model: ProfiledModel | null): FeatureDraft {
  const numClasses = numClassesOf(model);
  const isIndex = numClasses > 0 && (model?.target?.elementType.startsWith("int") ?? true);
  const source = { take: "value", of: "label", name: model?.target?.name ?? "label", at: 0 } as const;
  return { ...of("label", isIndex ? numClasses : "infer"), name: "label", source };
}

/** A column may be called as an output is. */
function distinct(drafts: readonly FeatureDraft[]): FeatureDraft[] {
  const names = new Set<string>();
  return drafts.map((draft) => {
    let { name } = draft;
    while (names.has(name)) name = `${name}'`;
    names.add(name);
    return { ...draft, name };
  });
}
