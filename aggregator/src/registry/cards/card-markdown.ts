import type { PortShape } from "@fedge/protocol";
import type { ModelCard } from "./model-card.js";

const NOT_SAID = "Not said.";

/** The card as a page; what people wrote cannot change the page around it. */
export function cardMarkdown(card: ModelCard): string {
  const sections = [
    [
      "Purpose",
      card.purpose === null ? `${NOT_SAID} \`fedge model import --purpose\` says it.` : text(card.purpose),
    ],
    ["Training", trainingSection(card)],
    ["Evaluation", evaluationSection(card)],
    ["Drift", text(card.drift.text)],
    ["Limits", limitsSection(card)],
    ["Risk", riskSection(card)],
    ["Approvals", approvalSection(card)],
    ...(card.notes.length === 0 ? [] : [["Notes", noteSection(card)]]),
  ];
  const body = sections.map(([title, content]) => `## ${title}\n\n${content}\n`).join("\n");
  return `# ${text(card.model)}, version ${card.version}\n\n${origin(card)}\n\n${body}`;
}

function origin({ createdAtMs, parentVersion, codeVersion, signer }: ModelCard): string {
  const parent = parentVersion === null ? "first of its model" : `follows version ${parentVersion}`;
  const signature = signer === null ? "not signed" : `signed by ${text(signer)}`;
  return `Made ${time(createdAtMs)} by Fedge ${text(codeVersion)}; ${parent}; ${signature}.`;
}

function trainingSection({ training }: ModelCard): string {
  if (training === null) return "Imported; not trained here.";
  const { dataWindow, privacySpent, serverOptimizer } = training;
  return table(
    ["", ""],
    [
      ["task, round", `${training.taskId}, ${training.roundNumber} (${training.roundId})`],
      ["devices", `${training.numUpdates} counted of ${training.cohortSize} selected`],
      ["examples", String(training.numExamples)],
      ["time", dataWindow === null ? "-" : `${time(dataWindow.firstMs)} to ${time(dataWindow.lastMs)}`],
      [
        "privacy spent",
        privacySpent === null ? "none counted" : `ε ${privacySpent.epsilon}, δ ${privacySpent.delta}`,
      ],
      ["on devices", `${training.epochs} epochs, batch ${training.batchSize}, rate ${training.learningRate}`],
      ["FedProx", String(training.proximalMu)],
      [
        "server optimizer",
        Object.entries(serverOptimizer)
          .map(([name, value]) => `${name} ${String(value)}`)
          .join(", "),
      ],
      ["mean loss before, after", `${number(training.meanLossBefore)}, ${number(training.meanLossAfter)}`],
    ],
  );
}

function evaluationSection({ evaluations }: ModelCard): string {
  if (evaluations.length === 0) return "Not evaluated yet.";
  return table(
    ["data set", "segment", "examples", "accuracy", "loss", "when"],
    evaluations.map((one) => [
      one.dataSet,
      one.segment === "" ? "all" : one.segment,
      String(one.numExamples),
      one.accuracy === null ? "-" : `${(one.accuracy * 100).toFixed(2)} %`,
      number(one.loss),
      time(one.evaluatedAtMs),
    ]),
  );
}

function limitsSection({ limits }: ModelCard): string {
  const port = ({ name, elementType, shape }: PortShape): string =>
    `${name} ${elementType} [${shape.map((size) => size ?? "?").join(", ")}]`;
  return table(
    ["", ""],
    [
      ["parameters", String(limits.numParameters)],
      ["size", `${limits.bundleBytes} bytes, of which ${limits.checkpoint.sizeBytes} are weights`],
      ["inputs", limits.inputs.map(port).join("; ")],
      ["outputs", limits.outputs.map(port).join("; ")],
      ["least runtime", limits.minRuntimeVersion],
      ["engines", limits.engines.join(", ")],
    ],
  );
}

function riskSection({ risk }: ModelCard): string {
  if (risk === null) return `${NOT_SAID} \`fedge model card --risk minimal|limited|high\` says it.`;
  const why = risk.text === "" ? "" : `: ${text(risk.text)}`;
  return `**${risk.riskClass}**, by ${text(risk.by)}, ${time(risk.atMs)}${why}`;
}

function approvalSection({ approvals }: ModelCard): string {
  if (approvals.length === 0) return "None.";
  return table(
    ["rollout", "answer", "by", "when", "reason"],
    approvals.map((one) => [
      one.rolloutId,
      one.isApproved ? "approved" : "denied",
      one.by,
      time(one.atMs),
      one.text,
    ]),
  );
}

function noteSection({ notes }: ModelCard): string {
  return notes.map((note) => `- ${text(note.text)} (${text(note.by)}, ${time(note.atMs)})`).join("\n");
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const body = rows.map((row) => line(row.map(text)));
  return [line(titles), line(titles.map(() => "---")), ...body].join("\n");
}

/** One line of plain text: what has a meaning in Markdown or HTML is escaped. */
function text(value: string): string {
  return value
    .replaceAll(/\s+/g, " ")
    .replaceAll(/[\\`*_{}[\]<>()#|!~&]/g, (character) => `\\${character}`)
    .replaceAll(/\p{Cc}/gu, "\u{fffd}");
}

function number(value: number | null): string {
  return value === null ? "-" : value.toPrecision(5);
}

function time(atMs: number): string {
  return new Date(atMs).toISOString().replace(/\.\d+Z$/, "Z");
}
