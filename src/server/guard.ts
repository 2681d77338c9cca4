// What the server answers to: reads by the machine's own user, and nothing that another site's page or a rebound name sends (DNS rebinding).
import type { MiddlewareHandler } from "hono";

/** Names under which a loopback address is reached. */
const loopback = ["127.0.0.1", "localhost", "[::1]"];

/** No script, style, picture or connection from elsewhere; no frames, no forms. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const usual: Readonly<Record<string, string>> = {
  "Content-Security-Policy": POLICY,
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cache-Control": "no-store",
};

/** "example.org:8080" without its port; the text itself where there is none. */
const nameOf = (host: string): string => host.toLowerCase().replace(/:\d+$/, "");

/**
 * Refuses, with 403 or 405 and the reason as text, whatever is not a GET or HEAD to one of `hosts` (host names, without port; default: the
 * loopback's) by a page of this server or by no page at all. Every answer has the headers of a page that only shows, or `own` in their place.
 */
export function guard(
  hosts: readonly string[] = loopback,
  own: Readonly<Record<string, string>> = {},
): MiddlewareHandler {
  const headers = { ...usual, ...own };
  return async (context, next) => {
    const refuse = (status: 403 | 405, reason: string) => {
      const answer = context.text(`refused: ${reason}\n`, status);
      for (const [name, value] of Object.entries(headers)) answer.headers.set(name, value);
      return answer;
    };
    const { method } = context.req;
    if (method !== "GET" && method !== "HEAD") return refuse(405, `${method} is not answered here`);
    const host = context.req.header("Host") ?? "";
    if (!hosts.includes(nameOf(host))) return refuse(403, "the Host header names another machine");
    const origin = context.req.header("Origin");
    if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
      return refuse(403, "the request comes from a page of another site");
    }
    const site = context.req.header("Sec-Fetch-Site");
    if (site === "cross-site" && context.req.header("Sec-Fetch-Mode") !== "navigate") {
      return refuse(403, "the request comes from a page of another site");
    }
    await next();
    for (const [name, value] of Object.entries(headers)) context.res.headers.set(name, value);
  };
}
