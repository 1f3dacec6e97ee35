/** What a device needs only when it serves a version with a reference profile, in one piece. */
export { Monitors } from "./monitors.js";
export { readProfile } from "./read-profile.js";
