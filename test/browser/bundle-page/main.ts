import { createDevice } from "@fedge/device-runtime/browser";

// All that an app needs to serve, update and train.
await createDevice({ server: "https://fedge.example", models: ["digits"] });
