import type { RouteQuery } from "../shell/route.js";

/** Which version, cohort and window are looked at; what is not chosen is the newest, and the whole fleet. */
export interface View {
  readonly version: string | undefined;
  readonly cohort: string | undefined;
  readonly window: string | undefined;
}

/** What the address says of it; anything else in it is left alone. */
export function viewOf({ version, cohort, window }: RouteQuery): View {
  return { version: number(version), cohort, window: number(window) };
}

function number(text: string | undefined): string | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? text : undefined;
}
