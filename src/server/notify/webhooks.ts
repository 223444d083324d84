import { createHash, createHmac } from "node:crypto";
import type { ServerConfig } from "../config/config-schema.ts";
import type { Metadata } from "../storage/metadata.ts";
import type { RegistryEvent } from "../storage/records.ts";
import { startJob } from "../storage/start-job.ts";
import { pause, waitAfter } from "../terms/pause.ts";
import { repositoryPattern } from "../terms/repository-pattern.ts";
import { Trouble } from "../terms/trouble.ts";
import { CLOUD_EVENTS, cloudEvent } from "./cloud-event.ts";

type Webhook = ServerConfig["webhooks"][number];

const AT_ONCE = 100;
const POLL = 500;
const ANSWER_TIME = 15_000;
/** An event that nobody takes is given up, so that those after it are sent: about a day. */
const ATTEMPTS = 300;
/** One whose receiver says that the request itself is wrong. */
const ATTEMPTS_REFUSED = 5;

const GROUPS: Readonly<Record<string, readonly string[]>> = { push: ["manifest.push", "tag.create", "tag.move"], delete: ["manifest.delete", "tag.delete"] };

/**
 * Sends committed changes on, for each hook one after the other, from where its cursor is. A hook that is new begins with what
 * happens from now. Of several servers one sends; when it is gone, another one goes on.
 */
export function startWebhooks(
  hooks: readonly Webhook[],
  options: { metadata: Pick<Metadata, "events" | "cursor" | "moveCursor" | "tryLock">; source: string; report: (problem: Error) => void },
): AsyncDisposable {
  return startJob("webhooks", options.metadata, async (signal) => void (await Promise.all(hooks.map((hook) => serveHook(hook, { ...options, signal })))), options.report);
}

interface HookOptions {
  readonly metadata: Pick<Metadata, "events" | "cursor" | "moveCursor" | "tryLock">;
  readonly source: string;
  readonly report: (problem: Error) => void;
  readonly signal: AbortSignal;
}

async function serveHook(hook: Webhook, { metadata, source, report, signal }: HookOptions): Promise<void> {
  const wanted = filterOf(hook);
  // Who changes what a hook is for gets what is new, not the past once more.
  const reader = `webhook ${createHash("sha256").update(JSON.stringify([hook.url, hook.events, hook.repositories])).digest("base64url").slice(0, 22)}`;
  let after: number | undefined;
  while (!signal.aborted) {
    try {
      after ??= await metadata.cursor(reader);
      const events = await metadata.events({ after, limit: AT_ONCE });
      for (const event of events) {
        if (wanted(event)) {
          if (!(await deliver(hook, event, { source, report, signal }))) return;
          await metadata.moveCursor(reader, event.id);
        }
        after = event.id;
      }
      if (events.length > 0) await metadata.moveCursor(reader, after);
      if (events.length === AT_ONCE) continue;
    } catch (error) {
      report(error as Error);
    }
    await pause(POLL, signal);
  }
}

function filterOf({ events, repositories }: Webhook): (event: RegistryEvent) => boolean {
  const actions = events.flatMap((name) => GROUPS[name] ?? [name]);
  const patterns = repositories.map(repositoryPattern);
  return ({ action, repository }) =>
    actions.some((name) => action === name || action.startsWith(`${name}.`)) && (repository === "" ? repositories.includes("**") : patterns.some((matches) => matches(repository)));
}

/** False when the server stops before it is done. */
async function deliver(hook: Webhook, event: RegistryEvent, { source, report, signal }: Omit<HookOptions, "metadata">): Promise<boolean> {
  const body = cloudEvent(event, source);
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await send(hook, body, signal);
    if (outcome === "taken") return true;
    if (signal.aborted) return false;
    const gaveUp = attempt >= (outcome.refused ? ATTEMPTS_REFUSED : ATTEMPTS);
    if (attempt === 1 || gaveUp) report(new Trouble(`the webhook ${nameOf(hook.url)} did not take event ${event.id} (${outcome.problem}): ${gaveUp ? "it is left out" : "it is sent again"}`));
    if (gaveUp) return true;
    await pause(waitAfter(attempt), signal);
  }
}

async function send({ url, secret }: Webhook, body: string, signal: AbortSignal): Promise<"taken" | { problem: string; refused: boolean }> {
  try {
    const answer = await fetch(withoutLogin(url), {
      method: "POST", body, redirect: "manual", signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIME)]),
      headers: {
        "content-type": CLOUD_EVENTS, "user-agent": "sampan-registry", ...loginOf(url),
        ...(secret === undefined ? {} : { "x-sampan-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}` }),
      },
    });
    await answer.body?.cancel();
    if (answer.ok) return "taken";
    return { problem: `it answered ${answer.status}`, refused: answer.status >= 300 && answer.status < 500 && ![408, 425, 429].includes(answer.status) };
  } catch (error) {
    const { cause, message } = error as Error;
    return { problem: cause instanceof Error ? cause.message || ((cause as NodeJS.ErrnoException).code ?? "no answer") : message, refused: false };
  }
}

/** `fetch` takes no login in a URL. */
function withoutLogin(url: string): URL {
  const parsed = new URL(url);
  parsed.username = "";
  parsed.password = "";
  return parsed;
}

function loginOf(url: string): Record<string, string> {
  const { username, password } = new URL(url);
  return username === "" ? {} : { authorization: `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64")}` };
}

/** Without what may be secret in it: login, path and query. */
function nameOf(url: string): string {
  return new URL(url).origin;
}
