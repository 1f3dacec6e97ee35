export { startServer, type RunningServer, type ServerOptions } from "./server.js";
export type {
  AggregatorService,
  ExportFormat,
  FleetView,
  LiveRound,
  ModelImport,
  ModelView,
  Overview,
  ServiceEvent,
  TaskView,
  VersionView,
} from "./service.js";
export type { JournalEvent, StoredRound, VersionRecord } from "./rounds/journal.js";
export type { TaskConfig } from "./tasks/task-config.js";
export type { Actor, RolloutService } from "./rollouts/rollout-service.js";
export type { RolloutConfig, RolloutId } from "./rollouts/rollout-config.js";
export type { RolloutView } from "./rollouts/rollout-view.js";
export { rolloutFromTemplate } from "./rollouts/templates.js";
