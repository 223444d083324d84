/** What a request shows of who it is. */
export type Credentials =
  | { readonly kind: "none" }
  | { readonly kind: "basic"; readonly user: string; readonly password: string }
  | { readonly kind: "bearer"; readonly token: string }
  | { readonly kind: "unknown" };

/** Reads the header `Authorization` (RFC 7617, RFC 6750). */
export function readCredentials(header: string | undefined): Credentials {
  if (header === undefined) return { kind: "none" };
  const [, scheme = "", value = ""] = /^([A-Za-z]+) +(\S+)\s*$/.exec(header) ?? [];
  if (scheme.toLowerCase() === "bearer") return { kind: "bearer", token: value };
  if (scheme.toLowerCase() !== "basic") return { kind: "unknown" };
  const text = Buffer.from(value, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? { kind: "unknown" } : { kind: "basic", user: text.slice(0, colon), password: text.slice(colon + 1) };
}
