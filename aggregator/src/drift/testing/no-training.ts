import type { AlertsOptions } from "../alerts/alerts.js";

/** For fleets whose alerts nobody decides on. */
export const NO_TRAINING: AlertsOptions["training"] = {
  begin: () => Promise.reject(new Error("nothing trains here")),
};
