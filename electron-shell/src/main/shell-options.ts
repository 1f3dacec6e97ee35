import type { ModelName } from "@fedge/protocol";
import { modelsOf, toModelName, type LogOptions, type TrainingPolicy } from "@fedge/device-runtime";

/** What an app decides of its shell. */
export interface ShellOptions {
  readonly appName: string;
  /** The aggregator; pages of this app get devices of no other. */
  readonly server: string;
  /** The one model that the app uses, or `models` for several. */
  readonly model?: string;
  readonly models?: readonly string[];
  readonly enrolmentKey?: string;
  /**
   * File of the root that trust in releases begins with, as `fedge keys export-root` writes it; without one, the root that
   * the server names at enrolment is trusted.
   */
  readonly trustedRootFile?: string;
  /** Which part of the tenant's devices it belongs to: releases that are signed for another one are refused. */
  readonly population?: string;
  /** How much the device remembers of its predictions; false for nothing. */
  readonly featureLog?: LogOptions | false;
  /** What the app says of the device, for the operator's filters, such as `{ region: "eu" }`. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** By model: a folder with `manifest.json` and the blobs of the version that comes with the app. */
  readonly baselineDirectories?: Readonly<Record<string, string>>;
  /** Built files of the page; its `index.html` is shown. */
  readonly pageDirectory: string;
  /** A square PNG for the window. */
  readonly iconPath: string;
  /** A small PNG for the tray, 16 to 32 pixels; beside it may lie one of twice the size, `name@2x.png`. */
  readonly trayIconPath: string;
  /** When the device may train; on mains, not in use for a minute, with room on the disk by default. */
  readonly policy?: Partial<TrainingPolicy>;
  /** The built preload script and device process; those of this package by default. */
  readonly preloadPath?: string;
  readonly deviceProcessPath?: string;
  /** Told what went wrong and is dealt with; printed by default. */
  readonly onError?: (error: unknown) => void;
}

/** The models of the options, each once. Throws OPTION_INVALID for a missing or impossible option. */
export function shellModels(options: ShellOptions): ModelName[] {
  return modelsOf(options).map(toModelName);
}
