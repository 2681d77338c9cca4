// Starts the playground: the page, and the worker, so that nothing has to be loaded later.
import { render } from "preact";
import { followAddress } from "./choice.js";
import { acceptDrops } from "./own-picture.js";
import { Page } from "./page.js";
import { openWorker } from "./run.js";
import "../src/style/colours.css";
import "../src/style/base.css";
import "../src/style/chart.css";
import "./style.css";

followAddress();
acceptDrops();
openWorker();
const root = document.createElement("div");
document.body.append(root);
render(<Page />, root);
