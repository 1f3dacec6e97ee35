import { FedgeError } from "@fedge/protocol";
import { createInterface, type Interface } from "node:readline";
import { Writable } from "node:stream";
import type { ReadStream } from "node:tty";

/** Swallows what readline would draw: nobody reads a password over a shoulder, or in a scrollback. */
const unseen = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });

/**
 * One answer per question, in their order. A person is asked on `prompts` and types unseen; a program writes one line each.
 * Throws OPTION_INVALID when the input ends, or is interrupted, before every question has its answer.
 */
export async function askSecrets(
  questions: readonly string[],
  input: NodeJS.ReadableStream & Pick<ReadStream, "isTTY">,
  prompts: NodeJS.WritableStream,
): Promise<string[]> {
  const isPerson = input.isTTY === true;
  const lines = createInterface({ input, output: unseen(), terminal: isPerson });
  const next = nextLines(lines);
  try {
    const answers: string[] = [];
    for (const question of questions) {
      if (isPerson) prompts.write(`${question}: `);
      const line = await next();
      if (isPerson) prompts.write("\n");
      if (line === undefined) throw missing(question, questions);
      answers.push(line);
    }
    return answers;
  } finally {
    lines.close();
  }
}

/** Lines wait for who asks for them: a pipe brings all at once. Undefined after the last. */
function nextLines(lines: Interface): () => Promise<string | undefined> {
  const iterator = lines[Symbol.asyncIterator]();
  lines.on("SIGINT", () => lines.close());
  return async () => {
    const { value, done } = await iterator.next();
    return done === true ? undefined : value;
  };
}

function missing(question: string, questions: readonly string[]): FedgeError {
  return new FedgeError(
    "OPTION_INVALID",
    `no ${question} was given; type it when asked, or write one line each to stdin: ${questions.join(", ")}`,
  );
}
