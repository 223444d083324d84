import { fault } from "../../std/fault.ts";
import { resolveTarget } from "../transport/follow.ts";
import type { Session, SessionRequest } from "./session.ts";
import { header } from "../transport/transport.ts";

const PAGE_LIMIT = 8 * 1024 * 1024;
const MOST_PAGES = 10_000;
/** Bytes of all pages: a million tags have less, and a registry that never comes to an end would fill the memory. */
const LIST_LIMIT = 64 * 1024 * 1024;

export interface Page {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly value: Record<string, unknown>;
}

/** The pages of a list, following `Link: <…>; rel="next"` (distribution-spec § Content Discovery). @throws RESPONSE_INVALID */
export async function* readPages(session: Session, request: SessionRequest): AsyncGenerator<Page, void, undefined> {
  const { host } = request.endpoint;
  const invalid = (problem: string): Error => fault("RESPONSE_INVALID", { host, request: `GET of ${request.subject.name}`, problem });
  let target = request.target;
  const seen = new Set<string>();
  let total = 0;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { answer, bytes } = await session.read({ ...request, target }, PAGE_LIMIT);
    if (answer.status !== 200) return yield { status: answer.status, headers: answer.headers, value: {} };
    if (!bytes) throw invalid(`a page has more than ${PAGE_LIMIT} bytes`);
    total += bytes.length;
    if (total > LIST_LIMIT) throw invalid(`its pages have more than ${LIST_LIMIT} bytes`);
    let value: unknown;
    try {
      value = JSON.parse(Buffer.from(bytes).toString("utf8"));
    } catch {
      throw invalid("it is not JSON");
    }
    if (typeof value !== "object" || value === null) throw invalid("it is not a JSON object");
    yield { status: 200, headers: answer.headers, value: value as Record<string, unknown> };
    const next = nextLink(header(answer, "link"));
    if (next === undefined) return;
    target = resolveTarget(next, answer.url, host);
    if (seen.has(target.href)) throw invalid("its pages lead in a circle");
    seen.add(target.href);
  }
  throw invalid(`there are more than ${MOST_PAGES} pages`);
}

/** The target of `rel="next"` in a Link header (RFC 8288). */
export function nextLink(text: string | undefined): string | undefined {
  for (const match of (text ?? "").matchAll(/<([^>]*)>((?:\s*;\s*[a-z]+\s*=\s*(?:"[^"]*"|[^",;\s]+))*)/gi)) {
    if (/;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next(?=\s|;|$))/i.test(match[2]!)) return match[1]!;
  }
  return undefined;
}
