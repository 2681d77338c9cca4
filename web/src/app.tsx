// The frame of the page: navigation, settings, the screen of the address, and a plain sentence where a screen breaks.
import { Component, type ComponentChildren } from "preact";
import type { AuditJson } from "../../src/audit/audit-json.js";
import { LivePanel } from "./components/live-panel.js";
import { Settings } from "./components/settings.js";
import { served } from "./live.js";
import { hashOf, route, type Screen, screens } from "./route.js";
import { Attacks } from "./screens/attacks.js";
import { Catalogue } from "./screens/catalogue.js";
import { Compare } from "./screens/compare.js";
import { Defenses } from "./screens/defenses.js";
import { Detection } from "./screens/detection.js";
import { Gallery } from "./screens/gallery.js";
import { Home } from "./screens/home.js";
import { ModelScreen } from "./screens/model.js";
import { Open } from "./screens/open.js";
import { Reading } from "./screens/reading.js";
import { Runs } from "./screens/runs.js";
import { audit } from "./state.js";

const views: Readonly<Record<Screen, (props: { audit: AuditJson }) => ComponentChildren>> = {
  home: Home,
  gallery: Gallery,
  defenses: Defenses,
  attacks: Attacks,
  detection: Detection,
  model: ModelScreen,
  compare: Compare,
  catalogue: Catalogue,
  reading: Reading,
};

export function App() {
  const { screen } = route.value;
  const View = views[screen];
  const shown = audit.value;
  return (
    <>
      {/* biome-ignore lint/a11y/useValidAnchor: the hash is the address of a screen, so a plain anchor would lead elsewhere */}
      <a class="skip" href="#title" onClick={focusTitle}>
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href={hashOf("home")}>
          Leakscope
        </a>
        <nav aria-label="Screens">
          {(Object.keys(screens) as Screen[]).map((each) => (
            <a key={each} href={hashOf(each)} aria-current={each === screen ? "page" : undefined}>
              {screens[each]}
            </a>
          ))}
        </nav>
        {shown && <Settings audit={shown} />}
      </header>
      <main>
        <LivePanel />
        <Guarded key={`${screen} ${route.value.subject ?? ""}`}>
          {shown ? <View audit={shown} /> : screen === "catalogue" ? <Catalogue /> : served ? <Runs /> : <Open />}
        </Guarded>
      </main>
      {shown && shown.credits.length > 0 && (
        <footer class="credits">
          Pictures: {shown.credits.join("; ")}. <a href={hashOf("reading")}>How to read this</a>
        </footer>
      )}
    </>
  );
}

/** Moves the focus to the screen's title. */
export function focusTitle(event?: Event): void {
  event?.preventDefault();
  document.getElementById("title")?.focus();
}

/** Shows the error of a screen in its place: an audit of another version must not leave an empty page. */
class Guarded extends Component<{ children: ComponentChildren }, { problem: string | null }> {
  override state: { problem: string | null } = { problem: null };

  static override getDerivedStateFromError(error: unknown) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }

  override render() {
    if (this.state.problem === null) return this.props.children;
    return (
      <>
        <h1 id="title" tabIndex={-1}>
          This screen cannot be shown
        </h1>
        <p>
          The audit holds something that it does not expect: {this.state.problem}. The other screens work by themselves;
          all figures are in audit.json.
        </p>
      </>
    );
  }
}
