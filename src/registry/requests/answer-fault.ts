import { fault, type Fault } from "../../std/fault.ts";
import type { Authenticator } from "../auth/authenticator.ts";
import { chooseChallenge, parseChallenges } from "../auth/challenge.ts";
import { parseRetryAfter } from "../transport/retry.ts";
import { header, readBody, type Answer } from "../transport/transport.ts";

/** What a request was about, for messages. */
export interface Subject {
  readonly kind: "manifest" | "blob" | "upload" | "session" | "list" | "registry";
  /** As the user knows it: a reference, a digest or a repository. */
  readonly name: string;
  readonly repository?: string;
}

/** The fault for an answer whose status is none of the expected ones. Reads its body. */
export async function answerFault(
  answer: Answer,
  about: { subject: Subject; /** The repository as the place that was asked calls it. */ place?: string | undefined; method: string; scopes: readonly string[]; authenticator: Authenticator; now: number },
): Promise<Fault> {
  const { subject, scopes, authenticator } = about;
  const { status } = answer;
  const { codes, text } = await readErrors(answer);
  const words = text ?? (status === 401 ? challengeWords(answer) : undefined);
  const said = words === undefined ? {} : { answer: words };
  const repository = about.place === undefined ? {} : { repository: about.place };
  const host = authenticator.host;
  const request = `${about.method} of ${subject.name}`;
  if (status === 401) return authenticator.refusal("REGISTRY_UNAUTHORIZED", { ...repository, scopes, ...said });
  if (status === 403 || codes.includes("DENIED")) return authenticator.refusal("REGISTRY_DENIED", { ...repository, scopes, ...said });
  const wait = parseRetryAfter(header(answer, "retry-after"), about.now);
  const later = wait === undefined ? {} : { retryAfterSeconds: Math.ceil(wait / 1000) };
  if (status === 429 || codes.includes("TOOMANYREQUESTS")) return fault("REGISTRY_LIMIT", { host, ...later, ...said });
  if (status === 404 && subject.repository !== undefined) {
    if (subject.kind === "session") return fault("UPLOAD_LOST", { host, repository: subject.repository });
    if (codes.includes("NAME_UNKNOWN") || subject.kind === "list" || (subject.kind === "upload" && codes.length === 0)) return fault("NAME_UNKNOWN", { host, repository: subject.repository, ...(await authenticator.asker(about.place)), ...said });
    if (subject.kind === "manifest") return fault("MANIFEST_UNKNOWN", { reference: subject.name, ...said });
    if (subject.kind === "blob") return fault("BLOB_UNKNOWN", { host, repository: subject.repository, digest: subject.name });
  }
  if (status >= 500) return fault("REGISTRY_SERVER_ERROR", { host, status, request, ...later, ...said });
  if (status < 400) return fault("RESPONSE_INVALID", { host, request, problem: `unexpected status ${status}` });
  return fault("REGISTRY_REFUSED", { host, status, request, ...later, ...said });
}

/** Codes and text of an error body, `{"errors":[{"code","message","detail"}]}`; any other short text is taken as it is. */
async function readErrors(answer: Answer): Promise<{ codes: string[]; text: string | undefined }> {
  const bytes = await readBody(answer, 64 * 1024).catch(() => undefined);
  const body = bytes ? Buffer.from(bytes).toString("utf8").trim() : "";
  try {
    const errors = (JSON.parse(body) as { errors?: { code?: unknown; message?: unknown; detail?: unknown }[] }).errors;
    if (Array.isArray(errors)) {
      const codes = errors.map((error) => String(error?.code ?? ""));
      const text = errors.map((error) => [error?.code, error?.message, detailOf(error?.detail)].filter(Boolean).join(" · ")).join("; ");
      return { codes, text: printable(text) };
    }
  } catch {
    // Not the registry's own error: a proxy's page, perhaps.
  }
  const type = header(answer, "content-type") ?? "";
  return { codes: [], text: type.includes("html") ? undefined : printable(body) };
}

/** A text, or the reason in an object: registries with rules put the rule's own words there. */
function detailOf(detail: unknown): string {
  if (typeof detail === "string") return detail;
  const { reason } = (detail ?? {}) as { reason?: unknown };
  return typeof reason === "string" ? reason : "";
}

/** What a challenge says about the token that was refused (RFC 6750 § 3). */
function challengeWords(answer: Answer): string | undefined {
  const parameters = chooseChallenge(parseChallenges(answer.headers["www-authenticate"]))?.parameters;
  return printable(parameters?.["error_description"] ?? parameters?.["error"] ?? "");
}

/** The registry's words go to a terminal: no control characters, one line, not too long. */
function printable(text: string): string | undefined {
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").trim().slice(0, 500);
  return line === "" ? undefined : line;
}
