export { createTrustingTrust } from "../core/trust/trusting-trust.js";
