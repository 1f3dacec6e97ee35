import tseslint from "typescript-eslint";

const realClockAndChance = [
  { object: "Date", property: "now", message: "Core takes a clock port." },
  { object: "Math", property: "random", message: "Core takes a random port." },
  { object: "performance", property: "now", message: "Core takes a clock port." },
];

export default tseslint.config(
  {
    ignores: [
      "**/dist/**",
      "**/node_modules/**",
      "**/fixtures/**",
      "**/*.cjs",
      "aggregator/bin/**",
      "docs/**",
    ],
  },
  ...tseslint.configs.recommended,
  {
    files: ["**/*.ts", "**/*.tsx"],
    languageOptions: {
      parserOptions: {
        project: ["./tsconfig.test.json", "./aggregator/dashboard/tsconfig.json"],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "max-lines": ["error", { max: 300, skipBlankLines: false, skipComments: false }],
      "max-lines-per-function": ["error", { max: 40, skipBlankLines: true, skipComments: true }],
      "no-empty": ["error", { allowEmptyCatch: false }],
    },
  },
  {
    // A declaration of a module may not import at its top: it would be a module itself.
    files: ["types/*.d.ts"],
    rules: { "@typescript-eslint/consistent-type-imports": "off" },
  },
  {
    files: ["**/*.test.ts", "test/**/*.ts", "**/testing/conformance/**/*.ts"],
    rules: { "max-lines-per-function": "off", "max-lines": ["error", { max: 500 }] },
  },
  {
    files: [
      "protocol/src/**/*.ts",
      "onnx-autodiff/src/**/*.ts",
      "device-runtime/src/core/**/*.ts",
      "aggregator/src/rounds/**/*.ts",
      "aggregator/src/aggregation/**/*.ts",
      "aggregator/src/rollouts/**/*.ts",
    ],
    ignores: ["**/*.test.ts"],
    rules: { "no-restricted-properties": ["error", ...realClockAndChance] },
  },
);
