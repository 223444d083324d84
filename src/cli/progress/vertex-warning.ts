import { createHash } from "node:crypto";
import { jsonLocation } from "../../check/locations.ts";
import type { WarningEvent } from "../../std/progress.ts";

/** A warning as BuildKit's clients write it (client.VertexWarning); texts are base64, as Go writes bytes. */
export function vertexWarning({ id, message, hint, detail, url, location }: WarningEvent): Record<string, unknown> {
  const more = detail ?? hint;
  return {
    ...(id === undefined ? {} : { vertex: vertexDigest(id) }),
    level: 1,
    short: base64(message),
    ...(more === undefined ? {} : { detail: [base64(more)] }),
    ...(url === undefined ? {} : { url }),
    ...(location === undefined ? {} : {
      sourceInfo: { filename: location.file, data: base64(location.text), language: "Dockerfile" },
      range: jsonLocation(location).ranges,
    }),
  };
}

/** BuildKit's readers expect a digest where a step is named. */
export function vertexDigest(id: string): string {
  return /^sha256:[a-f0-9]{64}$/.test(id) ? id : `sha256:${createHash("sha256").update(id).digest("hex")}`;
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
