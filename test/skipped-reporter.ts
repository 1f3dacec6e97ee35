import type { Reporter, TestModule } from "vitest/node";

/** Says before the closing lines which tests were skipped, by name: their names say why. */
export class SkippedReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const names = modules.flatMap((module) =>
      [...module.children.allTests("skipped")].map(({ fullName }) => fullName),
    );
    if (names.length === 0) return;
    process.stdout.write(`\nSkipped:\n${names.map((name) => `  ${name}\n`).join("")}`);
  }
}
