import "./styles/index.css";
import { render } from "preact";
import { whenSignedOut } from "./api";
import { App } from "./app";
import { startRouter } from "./router";
import { startClock } from "./state/clock";
import { endSession, resumeSession } from "./state/session";
import { startShortcuts } from "./state/shortcuts";
import { startTheme } from "./state/theme";

const root = document.getElementById("app");
if (root) {
  startTheme();
  startRouter();
  startClock();
  startShortcuts();
  whenSignedOut(endSession);
  void resumeSession();
  render(<App />, root);
}
