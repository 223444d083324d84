import type { Actor } from "./records.ts";

/** What was tried and has changed nothing, for the log of changes. */
export interface Incident {
  readonly action: "login.fail" | "access.deny";
  /** Empty for a login. */
  readonly repository: string;
  readonly actor: Actor;
  readonly detail: Readonly<Record<string, string>>;
}

export interface Incidents {
  /** Adds events; a power cut may take them back. */
  logIncidents(incidents: readonly Incident[]): Promise<void>;
}
