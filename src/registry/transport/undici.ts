import { createRequire } from "node:module";
import type { Agent, Dispatcher } from "undici";

type AgentClass = new (options?: Agent.Options) => Agent;
type Request = (this: Dispatcher, options: Dispatcher.RequestOptions) => Promise<Dispatcher.ResponseData>;

const load = createRequire(import.meta.url);

/**
 * The parts of undici that are used here. The whole package takes 60–90 ms to load and these parts 20 ms,
 * so they are taken by path (the package has no `exports` map) and only when a request is made.
 */
export function loadAgent(): AgentClass {
  return load("undici/lib/dispatcher/agent.js") as AgentClass;
}

export function loadRequest(): Request {
  return load("undici/lib/api/api-request.js") as Request;
}
