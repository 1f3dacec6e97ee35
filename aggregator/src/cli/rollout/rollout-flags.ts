import { Option, type Command } from "commander";
import {
  INCONCLUSIVE_POLICIES,
  ROLLOUT_KINDS,
  type MetricGate,
  type RolloutConfig,
  type Wave,
} from "../../rollouts/rollout-config.js";
import { DEFAULT_TEMPLATE, ROLLOUT_TEMPLATES } from "../../rollouts/templates.js";
import { decimal, duration, wholeNumber } from "../flag-values.js";
import { installValue, type InstallValue } from "./install-value.js";
import {
  abortValue,
  armsValue,
  endTime,
  gateValue,
  rateValue,
  repeated,
  startTime,
  stepTimeoutsValue,
  waveValue,
} from "./rollout-values.js";
import { windowValue } from "./window-value.js";

/** Flags that describe a rollout, as commander reads them; what is not given is the template's or the file's. */
export interface RolloutFlags {
  readonly config?: string;
  readonly template?: string;
  readonly id?: string;
  readonly note?: string;
  readonly filter?: string;
  readonly wave?: readonly Wave[];
  readonly rate?: RolloutConfig["rate"];
  readonly start?: number;
  readonly end?: number | null;
  readonly onEnd?: string;
  readonly window?: readonly RolloutConfig["schedule"]["windows"][number][];
  readonly gate?: readonly MetricGate[];
  /** False with --no-gates. */
  readonly gates: boolean;
  readonly minSuccess?: number;
  readonly minReached?: number;
  readonly maxErrors?: number;
  readonly minReports?: number;
  readonly onErrors?: string;
  readonly abortAt?: RolloutConfig["gates"]["install"]["abort"];
  readonly install?: InstallValue;
  readonly lookEvery?: number;
  readonly failureLimit?: number;
  readonly errorLimit?: number;
  readonly analysisDeadline?: number;
  readonly estimateAfter?: number;
  readonly waveTimeout?: number;
  readonly onInconclusive?: string;
  readonly needsApproval?: boolean;
  readonly rollBackUpTo?: number;
  readonly timeout?: number;
  readonly stepTimeout?: RolloutConfig["stepTimeoutsMs"];
  readonly attempts?: number;
  readonly priority?: number;
  readonly onAbort?: string;
  readonly kind?: string;
  readonly arms?: readonly number[];
  readonly metric?: string;
  readonly horizon?: number;
  readonly effect?: number;
  readonly alpha?: number;
  readonly power?: number;
}

const share = decimal({ least: 0, most: 1 });

/** Adds every flag that describes a rollout. */
export function addRolloutFlags(command: Command): Command {
  const templates = ROLLOUT_TEMPLATES.map(({ name }) => name);
  command
    .option("--config <rollout.json>", "a rollout as JSON, whole or by a template; flags change it")
    .addOption(
      new Option("--template <name>", `what is not given otherwise (default: ${DEFAULT_TEMPLATE})`).choices(
        templates,
      ),
    )
    .option("--id <rollout>", "name of the rollout (default: made of the version and the time)")
    .option("--note <text>", "what it is for")
    .option("--filter <filter>", "which devices it is for, such as 'platform == browser*' (default: all)")
    .option(
      "--wave <name:percent:soak>",
      "a wave, such as first:5:4h, with :manual, :abort or :accept-estimate when undecided, and @FILTER; in order, in place of the template's",
      repeated(waveValue),
    )
    .option("--rate <devices>", "told per minute: 50, 50:2:1000:400 as it succeeds, or none", rateValue);
  addScheduleFlags(command);
  addGateFlags(command);
  addAttemptFlags(command);
  addPolicyFlags(command);
  return addComparisonFlags(command);
}

function addScheduleFlags(command: Command): void {
  command
    .option("--start <time>", "not before, such as 2026-12-01T22:00Z", startTime)
    .option(
      "--window <times>",
      "only then do devices start: 'mon-fri 22:00-04:00 Europe/Berlin'; may be given more than once",
      repeated(windowValue),
    )
    .option("--end <time>", "no device starts from then on, such as 2026-12-05T06:00Z, or none", endTime)
    .addOption(
      new Option("--on-end <policy>", "what becomes of it when devices have not started by --end").choices([
        "abort",
        "pause",
      ]),
    );
}

function addGateFlags(command: Command): void {
  command
    .option(
      "--gate <metric:+tolerance>",
      "how much worse than the control is still well: error-rate:+0.01, latency-p95:+20%, with @SEGMENT; in place of the template's",
      repeated(gateValue),
    )
    .option("--no-gates", "no metric gates; the install gate stays")
    .option("--min-success <fraction>", "of the reached devices that must commit", share)
    .option("--min-reached <fraction>", "of a wave that must be reached", share)
    .option("--max-errors <fraction>", "of reports that may fail before it pauses", share)
    .option(
      "--min-reports <count>",
      "reports below which errors do not pause it",
      wholeNumber({ least: 1, most: 1_000_000 }),
    )
    .addOption(
      new Option(
        "--on-errors <policy>",
        "what more errors than that lead to; a return only up to --roll-back-up-to",
      ).choices(["pause", "roll-back"]),
    )
    .option(
      "--abort-at <fraction:reports>",
      "share of failures that ends all of it, and the reports before which it does not: 0.2:10",
      abortValue,
    );
  addAnalysisFlags(command);
}

function addAnalysisFlags(command: Command): void {
  const limit = wholeNumber({ least: 0, most: 100 });
  command
    .option("--look-every <duration>", "how often metric gates are looked at", duration)
    .option("--failure-limit <count>", "looks in succession that may fail before a gate does", limit)
    .option("--error-limit <count>", "looks in succession at which metrics may be missing", limit)
    .option(
      "--analysis-deadline <duration>",
      "how long after its soak a wave may stay undecided before --on-inconclusive",
      duration,
    )
    .option("--wave-timeout <duration>", "for a wave, from its opening until --on-inconclusive", duration)
    .addOption(
      new Option(
        "--on-inconclusive <policy>",
        "what becomes of an undecided wave (default: pause); a --wave may say its own",
      ).choices(INCONCLUSIVE_POLICIES),
    )
    .option(
      "--estimate-after <duration>",
      "how long after a soak accept-estimate goes by the estimate",
      duration,
    );
}

function addPolicyFlags(command: Command): void {
  command
    .option(
      "--install <name=value,...>",
      "how devices install and try it: predictions=100,time=1h,deadline=1d,errors=5%,latency=3,memory=512MB,offline=yes,state-deadline=1d,activations=3,crashes=3,rollback=automatic, or none",
      installValue,
    )
    .option("--needs-approval", "somebody else has to approve it")
    .option("--no-needs-approval", "nobody has to, whatever the file says")
    .option(
      "--roll-back-up-to <percent>",
      "waves of at most this share go back by themselves when a metric fails; larger ones pause",
      decimal({ least: 0, most: 100 }),
    )
    .option(
      "--priority <number>",
      "the larger wins where devices are in two",
      wholeNumber({ least: 0, most: 1000 }),
    )
    .addOption(
      new Option("--on-abort <policy>", "what becomes of devices that are installing").choices([
        "finish",
        "cancel",
      ]),
    );
}

function addAttemptFlags(command: Command): void {
  command
    .option("--timeout <duration>", "for one device, from being told to its last report", duration)
    .option(
      "--step-timeout <state=duration,...>",
      "for one step of one device, from its last report: downloading=2h,verifying=10m",
      stepTimeoutsValue,
    )
    .option(
      "--attempts <count>",
      "that a device which fails gets by itself",
      wholeNumber({ least: 1, most: 10 }),
    );
}

function addComparisonFlags(command: Command): Command {
  return command
    .addOption(new Option("--kind <kind>", "release it, or only compare").choices(ROLLOUT_KINDS))
    .option(
      "--arms <versions>",
      "for ab and bandit: what is compared, the control first, such as 6,7",
      armsValue,
    )
    .option("--metric <metric>", "for comparisons: what is compared, such as proxy:accepted")
    .option("--horizon <duration>", "for comparisons: when it is decided, such as 7d", duration)
    .option(
      "--effect <difference>",
      "for comparisons: the smallest that should be found",
      decimal({ above: 0 }),
    )
    .option(
      "--alpha <fraction>",
      "for comparisons: how often no difference is taken for one (default: 0.05)",
      decimal({ above: 0, most: 0.499 }),
    )
    .option(
      "--power <fraction>",
      "for comparisons: how often the effect is found (default: 0.8)",
      decimal({ above: 0.5, most: 0.999 }),
    );
}
