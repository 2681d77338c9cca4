// Nothing that comes from an audit can become markup.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escapeText, html, textOf, trusted } from "./escape.js";

describe("html", () => {
  it("turns every value into text unless html made it", () => {
    const hostile = `<script>alert("1")</script>'`;
    const page = html`<p title="${hostile}">${hostile}${[html`<b>${"&"}</b>`, 3, null, undefined, false]}</p>`;
    const text = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;";
    expect(textOf(page)).toBe(`<p title="${text}">${text}<b>&amp;</b>3</p>`);
  });

  it("keeps markup that was trusted, and that alone", () => {
    expect(textOf(html`${trusted("<i>")}${"<i>"}`)).toBe("<i>&lt;i&gt;");
  });

  it("takes no object from JSON for markup", () => {
    const forged = JSON.parse('{"markup":"<b>","description":"markup"}');
    expect(() => textOf(html`${forged}`)).toThrow(TypeError);
  });

  it("leaves no character that could end a text or an attribute, whatever comes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(escapeText(text)).not.toMatch(/[<>"'`]|&(?!(amp|lt|gt|quot|#39|#96);)/);
      }),
    );
  });

  it("shows control characters and turns of direction as U+FFFD, and keeps line breaks", () => {
    expect(escapeText("a\u0000b\u202ec\nd\te")).toBe("a\ufffdb\ufffdc\nd\te");
  });
});
