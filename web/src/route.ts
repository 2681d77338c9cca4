// Where the reader is, kept in the address behind the hash: `#/gallery?attack=dlg&order=least`. A page opened from disk has no other place.
import { signal } from "@preact/signals";

export const screens = {
  home: "Overview",
  gallery: "Gallery",
  defenses: "Defenses",
  attacks: "Attacks",
  detection: "Detectability",
  model: "Model",
  compare: "Compare",
  catalogue: "Catalogue",
  reading: "How to read this",
} as const;

export type Screen = keyof typeof screens;

export interface Route {
  readonly screen: Screen;
  /** What the screen is about, e.g. an attack's id. */
  readonly subject: string | undefined;
  readonly query: Readonly<Record<string, string>>;
}

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** Reads a hash; anything that names no screen is home. */
export function parseRoute(hash: string): Route {
  const [path = "", search = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [name = "", subject] = path.split("/", 2).map(decode);
  const screen = Object.hasOwn(screens, name) ? (name as Screen) : "home";
  return { screen, subject: subject || undefined, query: Object.fromEntries(new URLSearchParams(search)) };
}

/** The address of a screen. Fields of `query` that are empty are left out. */
export function hashOf(
  screen: Screen,
  subject?: string,
  query: Readonly<Record<string, string | number | undefined>> = {},
): string {
  const filled = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const search = new URLSearchParams(filled.map(([name, value]) => [name, String(value)])).toString();
  const path = subject === undefined ? screen : `${screen}/${encodeURIComponent(subject)}`;
  return `#/${path}${search === "" ? "" : `?${search}`}`;
}

export const route = signal(parseRoute(location.hash));

/** Keeps `route` equal to the address; `onMove` hears of every other screen. */
export function followAddress(onMove: () => void): void {
  addEventListener("hashchange", () => {
    const { screen, subject } = route.value;
    route.value = parseRoute(location.hash);
    if (screen !== route.value.screen || subject !== route.value.subject) onMove();
  });
}

/** Changes fields of the query in place, without a new entry of the history. */
export function setQuery(changes: Readonly<Record<string, string | undefined>>): void {
  const { screen, subject, query } = route.value;
  const next = { ...query, ...changes };
  history.replaceState(null, "", hashOf(screen, subject, next));
  route.value = parseRoute(location.hash);
}
