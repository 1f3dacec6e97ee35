import type { DriftMethod } from "@fedge/protocol/drift";

export interface MethodWords {
  readonly name: string;
  readonly formula: string;
}

/** What each method is, for people. F and G are the distribution functions, p and q the shares, of reference and current. */
export const METHOD_WORDS: Readonly<Record<DriftMethod, MethodWords>> = {
  ks: { name: "Kolmogorov-Smirnov", formula: "D = max |F(x) - G(x)|" },
  "ks-binned": { name: "Kolmogorov-Smirnov on the reference's bins", formula: "D = max over edges |F - G|" },
  "chi-squared": {
    name: "Pearson's chi-squared of the table of counts",
    formula: "sum (observed - expected)^2 / expected",
  },
  "g-test": {
    name: "likelihood ratio of the table of counts",
    formula: "2 sum observed log(observed / expected)",
  },
  fisher: { name: "Fisher's exact test of a 2 x 2 table", formula: "odds ratio = a d / (b c)" },
  psi: { name: "population stability index", formula: "sum (q - p) log(q / p)" },
  "jensen-shannon": {
    name: "Jensen-Shannon distance",
    formula: "root of (KL(p, r) + KL(q, r)) / 2, r = (p + q) / 2",
  },
  hellinger: { name: "Hellinger distance", formula: "root of half the sum of (root p - root q)^2" },
  "total-variation": { name: "total variation", formula: "half the sum of |p - q|" },
  "l-infinity": { name: "greatest change of one category's share", formula: "max |p - q|" },
  wasserstein: { name: "Wasserstein-1", formula: "integral of |F(x) - G(x)| dx, in the unit of the values" },
  "cramer-von-mises": {
    name: "Cramér-von Mises with mid-ranks",
    formula: "T = U / (n m (n + m)) - (4 n m - 1) / (6 (n + m))",
  },
  "mann-whitney": {
    name: "Mann-Whitney",
    formula: "U = pairs in which the reference is greater, ties as halves",
  },
  welch: { name: "Welch's t", formula: "t = (mean - mean') / root(s^2 / n + s'^2 / m)" },
  "anderson-darling": {
    name: "Anderson-Darling, k samples, mid-ranks",
    formula: "(A2 - 1) / deviation of A2",
  },
  mmd: {
    name: "maximum mean discrepancy by random features",
    formula: "|mean of features - mean' of features|",
  },
  adwin: { name: "ADWIN", formula: "number of drifts; cuts the window where its parts' means differ" },
  "page-hinkley": {
    name: "Page-Hinkley, two-sided",
    formula: "number of drifts; max(0, keep S + x - mean - delta) >= threshold",
  },
  ddm: { name: "DDM", formula: "number of drifts; p + s > p_min + 3 s_min" },
};
