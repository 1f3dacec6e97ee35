import type { CategoricalFeature, ProfileFeature } from "@fedge/protocol/profile";
import { normalFeature, sampleMonitored } from "../../aggregator/src/drift/testing/sample-profile.js";

const FLOORS = { jensenShannon: 0.1, psi: 0.1, meanShift: 0.25 };

const COUNTRY: CategoricalFeature = {
  ...{ kind: "categorical", name: "country", source: { take: "field", name: "country" } },
  ...{ role: "input", privacy: "public", importance: 2, required: true, mostly: 1, isClosed: false },
  categories: ["DE", "FR", "PL", "SE"],
  // Of 50,000 rows: half, a quarter, 15 %, 10 %; none of another country, none missing.
  ...{ counts: [25_000, 12_500, 7500, 5000, 0, 0, 0], floors: FLOORS },
};

/** What a shop's model sees; `basket` is what matters most to it. */
export const SHOP_FEATURES: readonly ProfileFeature[] = [
  normalFeature("basket", { importance: 4 }),
  COUNTRY,
  normalFeature("age", { importance: 2 }),
  normalFeature("visits", { importance: 1 }),
  normalFeature("distance", { importance: 1 }),
  normalFeature("discount", { importance: 0.5 }),
  normalFeature("score", { role: "score", importance: 1 }),
];

/** Version 3 of `digits`, which looks at what a shop knows, by the hour, and predicts one of three classes. */
export const SHOP = sampleMonitored({
  features: SHOP_FEATURES,
  window: { minRows: 100, maxRows: 200 },
  outcomes: { numClasses: 3 },
});
