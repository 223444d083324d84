import type { RouteRow } from "../registry/routes/describe-route.ts";

/** Places of a route for people: a numbered address each, and below it what is special about it. */
export function routesText(rows: readonly RouteRow[]): string {
  return rows.map((row) => {
    const lines: [string, string][] = [
      ["asked to", row.capabilities.join(", ")],
      ["by", row.security],
      ["trusting", row.authorities.join(", ")],
      ["showing", row.certificates.join(", ")],
      ["headers", row.headers.join(", ")],
      ["through", row.proxy && `${row.proxy} (${row.proxySource})`],
      ["why", row.why],
    ];
    const shown = lines.filter(([, text]) => text !== "").map(([word, text]) => `     ${word.padEnd(9)} ${text}\n`);
    return `${String(row.order).padStart(3)}  ${row.url}\n${shown.join("")}`;
  }).join("");
}
