import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { AppShell } from "./shell/app-shell.js";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/dialog.css";
import "./styles/rounds-page.css";
import "./styles/fleet-page.css";
import "./styles/rollouts-page.css";
import "./styles/rollout-plan.css";
import "./styles/drift-page.css";

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <AppShell />
    </StrictMode>,
  );
}
