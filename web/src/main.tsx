// Starts the page: the audit stands in the document (a stand-alone report), comes from the server that the page came from, or is opened by
// the reader.
import { effect } from "@preact/signals";
import { render } from "preact";
import { unpackAudit } from "../../src/report/packed-audit.js";
import { App, focusTitle } from "./app.js";
import { served, startLive } from "./live.js";
import { followAddress, route, screens } from "./route.js";
import { audit, showAudit, verdict } from "./state.js";
import "./style/colours.css";
import "./style/base.css";
import "./style/chart.css";
import "./style/screens.css";
import "./style/live.css";
import "./style/print.css";

const embedded = document.getElementById("audit")?.textContent;
if (embedded) showAudit(unpackAudit(JSON.parse(embedded)));
else if (served) startLive();

const root = document.createElement("div");
document.body.append(root);
render(<App />, root);

effect(() => {
  const { screen, subject } = route.value;
  const about = screen === "home" && audit.value ? verdict.value?.sentence : (subject ?? screens[screen]);
  document.title = `Leakscope: ${about}`;
});

followAddress(() => {
  scrollTo(0, 0);
  // After the screen is drawn.
  setTimeout(() => focusTitle());
});
