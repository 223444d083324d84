import { useEffect, useState } from "preact/hooks";
import type { Because } from "../../src/server/api/answers.ts";

/** What the registry said instead of an answer. */
export class Refusal extends Error {
  readonly status: number;
  /** Of a missing right. */
  readonly why: Because | undefined;

  constructor(status: number, message: string, why?: Because) {
    super(message);
    this.status = status;
    this.why = why;
  }
}

/** Asks the API. @throws Refusal; TypeError where the registry cannot be reached */
export async function ask<Answer>(path: string, parameters: Readonly<Record<string, string | undefined>> = {}, signal?: AbortSignal): Promise<Answer> {
  const query = new URLSearchParams(Object.entries(parameters).filter((entry): entry is [string, string] => !!entry[1]));
  return read(await fetch(`/api/v1/${path}?${query}`, { ...(signal ? { signal } : {}) }));
}

/** Has the registry change something. @throws Refusal; TypeError */
export async function tell<Answer>(method: "POST" | "DELETE", path: string, body: object = {}): Promise<Answer> {
  const headers = { "Content-Type": "application/json", "X-Sampan-Request": "1" };
  return read(await fetch(`/api/v1/${path}`, { method, headers, body: JSON.stringify(body) }));
}

async function read<Answer>(response: Response): Promise<Answer> {
  const value: unknown = await response.json().catch(() => undefined);
  if (response.ok) return value as Answer;
  const { message, detail } = (value as { errors?: { message?: string; detail?: { why?: Because } | null }[] } | undefined)?.errors?.[0] ?? {};
  throw new Refusal(response.status, message ?? `${response.status} ${response.statusText}`, detail?.why);
}

export type Loaded<Answer> = { readonly state: "loading" } | { readonly state: "failed"; readonly error: Error } | { readonly state: "ready"; readonly answer: Answer };

/**
 * The answer for what the view shows now; an answer that comes too late is dropped.
 * @param stays which answers stay while another one is on its way: what has the focus keeps it
 */
export function useAnswer<Answer>(
  path: string,
  parameters: Readonly<Record<string, string | undefined>> = {},
  stays: (answer: Answer) => boolean = () => false,
): Loaded<Answer> & { readonly again: () => void } {
  const [loaded, setLoaded] = useState<Loaded<Answer>>({ state: "loading" });
  const [round, setRound] = useState(0);
  const key = JSON.stringify([path, parameters, round]);
  useEffect(() => {
    const stop = new AbortController();
    setLoaded((before) => (before.state === "ready" && stays(before.answer) ? before : { state: "loading" }));
    ask<Answer>(path, parameters, stop.signal).then(
      (answer) => setLoaded({ state: "ready", answer }),
      (error: Error) => stop.signal.aborted || setLoaded({ state: "failed", error }),
    );
    return () => stop.abort();
  }, [key]);
  return { ...loaded, again: () => setRound((count) => count + 1) };
}
